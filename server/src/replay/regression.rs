//! A recorded match as a test of its game.

use syncline_server_core::game_kind;
use syncline_shared::game::Game;
use syncline_shared::journal::JournalReader;

use super::verify::{run, words};

/// Runs the match of `journal`, the bytes of a journal's file, again with the game `G`, and compares
/// every hash and checkpoint with what was recorded. If the game panicked when it was recorded, that
/// tick is run too, and must not panic any more. For tests; `syncline replay FILE --export-test DIR`
/// writes one:
///
/// ```
/// # use syncline_games::Pong;
/// # let journal = {
/// #     use syncline_shared::journal::{FileHeader, JournalWriter, MatchHeader};
/// #     use syncline_server_core::{RoomConfig, game_kind};
/// #     use syncline_shared::id::{RoomCode, RoomId};
/// #     let kind = game_kind::<Pong>();
/// #     let start = MatchHeader {
/// #         game: kind.name().to_owned(),
/// #         fingerprint: kind.schema().fingerprint(),
/// #         config: kind.default_config(),
/// #         seed: 1,
/// #         checkpoint_interval: 300,
/// #     };
/// #     let header = FileHeader {
/// #         build: String::new(),
/// #         started_unix_ms: 0,
/// #         room: RoomConfig::new(RoomId(1), RoomCode::from_entropy(1), 1).header(),
/// #         incarnation: 1,
/// #         schema: kind.schema().encoded().to_vec(),
/// #         start,
/// #         roster: Vec::new(),
/// #     };
/// #     let mut journal = Vec::new();
/// #     JournalWriter::begin(&header, &mut journal).expect("it can be written");
/// #     journal
/// # };
/// // include_bytes!("finals.journal")
/// syncline_server::assert_replays::<Pong>(&journal);
/// ```
///
/// # Panics
///
/// If the match is not what it was, with the first tick and field that differ; if the bytes are no
/// journal, or none of this game.
pub fn assert_replays<G: Game>(journal: &[u8]) {
    let reader = match JournalReader::open(journal) {
        Ok(reader) => reader,
        Err(error) => panic!("the journal can't be read: {error}"),
    };
    let kind = game_kind::<G>();
    let verified = match run(&*kind, reader) {
        Ok(verified) => verified,
        Err(why) => panic!("the match can't be run: {why}"),
    };
    if let Some((divergence, seen)) = &verified.differs {
        let seen = seen.as_deref().unwrap_or_default();
        panic!("the match differs {} {seen}", words(divergence));
    }
    if let Some(interrupted) = &verified.interrupted {
        assert!(!interrupted.panics, "{}", interrupted.words());
    }
}
