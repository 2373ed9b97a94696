//! For games that have no commands, or no events.

crate::commands! {
    /// For games without commands.
    pub enum NoCommand {}
}

crate::replicated! {
    /// For games without events.
    pub enum NoEvent {}
}
