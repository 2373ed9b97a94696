//! What one player sees at one tick.

use syncline_shared::id::PlayerId;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;

/// The worlds that a player sees, and what is needed to read them.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What the rows mean.
    pub schema: &'a Schema,
    /// What everybody sees.
    pub common: &'a Frame,
    /// What the player alone sees.
    pub own: &'a Frame,
    /// Who sees it.
    pub player: PlayerId,
}
