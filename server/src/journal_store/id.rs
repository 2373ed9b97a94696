//! What this process calls a journal, whatever its file is called.

/// One journal of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JournalId(pub(super) u64);
