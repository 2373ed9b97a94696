//! What whoever makes a room may choose of each game, and that its bounds are the game's.

use syncline_games::{Arena, Pong};
use syncline_shared::codec;
use syncline_shared::game::{Game, RuleRefusal};

/// The encoded config with one rule set.
fn with<G: Game>(name: &str, value: &str) -> Result<Vec<u8>, RuleRefusal> {
    let mut config = G::Config::default();
    G::set_rule(&mut config, name, value)?;
    let bytes = codec::encode(&config);
    // As rooms and journals read it.
    codec::decode::<G::Config>(&bytes).expect("it is in range");
    Ok(bytes)
}

fn check<G: Game>(name: &str, low: u32, high: u32) {
    let usual = codec::encode(&G::Config::default());
    for value in [low, high] {
        let chosen = with::<G>(name, &value.to_string()).expect("it is allowed");
        assert!(chosen != usual || value == high, "{name}={value}");
    }
    let out = Err(RuleRefusal::OutOfRange { low, high });
    for value in [
        (high + 1).to_string(),
        "-1".into(),
        "1.5".into(),
        String::new(),
    ] {
        assert_eq!(with::<G>(name, &value), out, "{name}={value}");
    }
    assert_eq!(with::<G>("gravity", "1"), Err(RuleRefusal::Unknown));
}

#[test]
fn rules_are_taken_within_the_bounds_of_the_game() {
    check::<Pong>("points", 1, 100);
    check::<Arena>("score_limit", 1, 10_000);
    check::<Arena>("round_seconds", 10, 3_600);
}

/// More cubes than the operator has take time that is not the player's to give.
#[cfg(feature = "cubes")]
#[test]
fn cubes_may_be_fewer() {
    check::<syncline_games::Cubes>("side", 2, 20);
    check::<syncline_games::Cubes>("round_seconds", 10, 3_600);
}
