//! Properties of streams: whatever a game does, every follower holds the server's frame.
//!
//! - `script`: what happens in a random world, tick by tick
//! - `world`: the world, and what a common and a private stream make of it
//! - `properties`: what honest bytes do
//! - `hostile`: what mangled bytes can't do
//! - `references`: which slot an entity's name becomes, and how rows read as a game's types

mod hostile;
mod properties;
mod references;
mod script;
mod world;
