//! Properties of streams: whatever a game does, every follower holds the server's frame.
