//! What differs between two checkpoints of one match, as somebody who plays it would see it.

use std::sync::Arc;

use syncline_shared::journal::FileHeader;
use syncline_shared::snapshot::{Contents, SnapshotWriter};

use super::start;
use crate::match_state::Match;
use crate::simulation::GameKind;

/// The first row and field in which two checkpoints of a match differ, in words. `None` if one of
/// them can't be read, or nothing that is shown differs.
pub fn first_difference(
    kind: &dyn GameKind,
    header: &FileHeader,
    recorded: &[u8],
    replayed: &[u8],
) -> Option<String> {
    let restored = |checkpoint: &[u8]| {
        let mut game = start(kind, header).ok()?;
        game.restore(checkpoint).ok()?;
        Some(game)
    };
    let (recorded, replayed) = (restored(recorded)?, restored(replayed)?);
    let world = |game: &Match| {
        let mut world = SnapshotWriter::new(Arc::clone(kind.schema()));
        game.replicate(&mut world);
        world
    };
    let (shown, now) = (world(&recorded), world(&replayed));
    let everyone = between(kind, shown.everyone(), now.everyone());
    everyone.or_else(|| {
        let mut players = recorded.players().chain(replayed.players());
        players.find_map(|player| {
            let found = between(kind, shown.player(player), now.player(player))?;
            Some(format!("of player {player} alone: {found}"))
        })
    })
}

/// The first row and field in which two snapshots differ.
fn between(kind: &dyn GameKind, recorded: &Contents, replayed: &Contents) -> Option<String> {
    let schema = kind.schema();
    let rows = recorded.rows().iter().zip(replayed.rows());
    for (number, (&one, &other)) in rows.enumerate() {
        let class = &schema.data().classes[usize::from(one.class.0)];
        if (one.class, one.entity) != (other.class, other.entity) {
            let now = &schema.data().classes[usize::from(other.class.0)].name;
            let name = &class.name;
            return Some(format!("row {number} is another {now}, and was a {name}"));
        }
        let layout = &schema.classes()[usize::from(one.class.0)];
        let was = recorded.row_words(one, layout.words());
        let is = replayed.row_words(other, layout.words());
        for (field, words) in class.fields.iter().zip(layout.field_words()) {
            let (was, is) = (&was[words.clone()], &is[words.clone()]);
            // Which entity a word stands for is its place in a list of its snapshot.
            if was != is && field.target.is_none() {
                let (class, field) = (&class.name, &field.name);
                return Some(format!(
                    "{field} of {class} in row {number} is {is:?}, and was {was:?}"
                ));
            }
        }
    }
    let (was, is) = (recorded.rows().len(), replayed.rows().len());
    (was != is).then(|| format!("there are {is} rows, and were {was}"))
}
