//! Whole servers with real sockets on ports of their own: what a client meets, good or bad.
//!
//! - `bad_input`: whatever a client does wrong ends that client alone, with a clear reason
//! - `sessions`: resuming, being replaced, leaving, tokens that prove nothing
//! - `rooms`: which room one comes to
//! - `chat`: what members say to each other
//! - `lobby`: a room that waits until all are ready
//! - `teams`: a match of teams in a game that ships
//! - `isolation`: a room that breaks or hangs harms no other
//! - `overload`: a room that is too heavy slows down alone
//! - `journal`: what is recorded of all that
//! - `recovery`: the next server goes on with it
//! - `api`: what backends tell, and are told
//! - `stomp`: rooms as topics of STOMP
//! - `http`: the other things on the port
//! - `pages`: the web files there
//! - `edge`: who may connect, and how many
//! - `framing`: what breaks WebSocket itself is told so before the socket ends
//! - `company`: the server's own bots
//! - `doors`: passwords, guessed codes, and so many rooms each
//! - `tls`: all of it under TLS
//! - `abuse`: storms that nobody else feels
//! - `tunnels`: sessions without a WebSocket
//! - `ending`: a server that is asked to end
//! - `operating`: the page for operators tells all settings and metrics, and nothing else

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

#[path = "../support/mod.rs"]
mod support;

mod abuse;
mod api;
mod bad_input;
mod chat;
mod company;
mod doors;
mod edge;
mod ending;
mod framing;
mod http;
mod isolation;
mod journal;
mod lobby;
mod operating;
mod overload;
mod pages;
mod recovery;
mod rooms;
mod sessions;
mod spectating;
mod stomp;
mod teams;
mod tls;
mod tunnels;
