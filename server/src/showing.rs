//! What a server has to know that shows a recorded match.

use std::sync::Arc;

use syncline_server_core::replay::Recording;

/// A recorded match that is shown, and what there is to say of it.
pub(crate) struct Showing {
    /// The match.
    pub(crate) recording: Arc<Recording>,
    /// What its file is called.
    pub(crate) file: String,
    /// How it ends, in words.
    pub(crate) state: String,
    /// What is not as it was when it was recorded.
    pub(crate) caveats: Vec<String>,
}
