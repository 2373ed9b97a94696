//! The words that lead to bots of this server's game, for whoever reads them on a terminal or a page.
//!
//! Knows what the bot client does by default, and nothing of how it is made.

/// The game that bots play if they are told none.
const GAME: &str = "arena";

/// What the bot client has to be told, after its other options, to play `default`: nothing if it
/// does so anyway, else an option with a space before it.
pub(crate) fn game_option(default: &str) -> String {
    if default == GAME {
        String::new()
    } else {
        format!(" --game {default}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_are_told_a_game_that_is_not_theirs() {
        assert_eq!(game_option("arena"), "");
        assert_eq!(game_option("pong"), " --game pong");
    }
}
