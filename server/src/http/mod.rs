//! Everything on the port that is HTTP.
//!
//! - [`routes`]: which path leads where
//! - [`site`]: what the routes share
//! - [`bandwidth`]: what the fields of a room cost
//! - [`figures`]: what a room measured and counted
//! - [`page`]: the page that people open
//! - [`health`]: whether the server is alive, and whether it moves

mod bandwidth;
mod figures;
mod health;
mod page;
pub(crate) mod routes;
pub(crate) mod site;
