//! The repository's own rules, as tests: what review would otherwise have to remember.
//!
//! Each module owns one rule and shows twice that it holds: the repository obeys it, and a sample
//! that breaks it is reported. Nothing here knows what the code that it reads is for.

mod imports;
mod layout;
mod libraries;
mod licences;
mod lints;
mod manifests;
mod mentions;
mod names;
mod openings;
mod packages;
mod purity;
mod repository;
mod rust_source;
mod sizes;
mod words;
