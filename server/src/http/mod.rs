//! Everything on the port that is HTTP.
//!
//! - [`routes`]: which path leads where
//! - [`site`]: what the routes share
//! - [`bandwidth`]: what the fields of a room cost
//! - [`figures`]: what a room measured and counted
//! - [`replay`]: the recorded match that is shown, and how to move it
//! - [`pages`]: where the web files are found; [`assets`]: the files, as they travel
//! - [`health`]: whether the server is alive, and whether it moves

mod assets;
mod bandwidth;
mod figures;
mod health;
pub(crate) mod pages;
mod replay;
pub(crate) mod routes;
pub(crate) mod site;
