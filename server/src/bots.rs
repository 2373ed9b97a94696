//! The words that lead to bots of this server's game, for whoever reads them on a terminal or a page.
//!
//! Knows what the bot client does by default, and nothing of how it is made.

/// The game that bots play if they are told none.
const GAME: &str = "arena";

/// How many bots the words ask for.
const BOTS: u16 = 200;

/// What the bot client has to be told, after its other options, for all bots to play `game` in rooms
/// of `places`: options with a space before each, or nothing if it does so anyway.
pub(crate) fn options(game: &str, places: u16) -> String {
    let game = (game != GAME).then(|| format!(" --game {game}"));
    let rooms = (places < BOTS).then(|| format!(" --rooms {}", BOTS.div_ceil(places.max(1))));
    game.into_iter().chain(rooms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_are_told_a_game_that_is_not_theirs() {
        assert_eq!(options("arena", 1024), "");
        assert_eq!(options("snails", 200), " --game snails");
    }

    #[test]
    fn bots_are_spread_over_rooms_that_hold_them() {
        assert_eq!(options("pong", 2), " --game pong --rooms 100");
        assert_eq!(options("arena", 64), " --rooms 4");
    }
}
