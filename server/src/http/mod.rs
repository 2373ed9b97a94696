//! Everything on the port that is HTTP.
//!
//! - [`routes`]: which path leads where
//! - [`site`]: what the routes share
//! - [`page`]: the page that people open
//! - [`health`]: whether the server is alive, and whether it moves

mod health;
mod page;
pub(crate) mod routes;
pub(crate) mod site;
