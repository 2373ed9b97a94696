//! Flags, variables and files, and the words in which they are refused.

use std::io::Write;

use super::*;

fn invocation(arguments: &[&str]) -> Invocation {
    match parse([&["syncline"], arguments].concat()).unwrap() {
        Request::Serve(invocation) => *invocation,
        other => panic!("nothing is to be hosted: {other:?}"),
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn refusal(arguments: &[&str]) -> String {
    parse([&["syncline"], arguments].concat())
        .unwrap_err()
        .to_string()
}

#[test]
fn no_command_means_serve() {
    for arguments in [&["--max-rooms", "3"][..], &["serve", "--max-rooms", "3"]] {
        let Invocation { config, log, .. } = invocation(arguments);
        assert_eq!((config.max_rooms, log.as_str()), (3, "info"));
        assert_eq!(config.bind, Config::default().bind);
    }
}

#[test]
fn matches_are_recorded_unless_it_says_no() {
    let journal = |arguments: &[&str]| invocation(arguments).config.journal;
    assert_eq!(journal(&[]), Some(JournalConfig::default()));
    assert_eq!(journal(&["--no-journal"]), None);
    let batch = journal(&["--data-dir", "here", "--journal-sync", "batch"]).unwrap();
    assert_eq!(batch.dir, PathBuf::from("here"));
    assert_eq!(batch.sync, JournalSync::Batch);
    let off = file("no-journal = true");
    assert_eq!(journal(&["--config", off.path().to_str().unwrap()]), None);
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let file = file(
        "bind = '0.0.0.0:80'\nmax-rooms = 5\nhello-timeout = '700ms'\nlog-format = 'json'\n\
         [games.pong]\npoints = 3",
    );
    let path = file.path().to_str().unwrap();
    let found = invocation(&["--config", path, "--max-rooms", "9"]);
    assert_eq!(found.config.max_rooms, 9);
    assert_eq!(found.config.bind, "0.0.0.0:80".parse().unwrap());
    assert_eq!(found.config.hello_timeout, Duration::from_millis(700));
    assert_eq!(found.config.max_players, Config::default().max_players);
    assert_eq!(found.config.games["pong"]["points"].as_integer(), Some(3));
    assert_eq!(found.log_format, LogFormat::Json);
    assert_eq!(found.origin("max-rooms"), Some("the flag --max-rooms"));
    assert_eq!(
        found.origin("bind"),
        Some(format!("the file {path}").as_str())
    );
    assert_eq!(found.origin("threads"), None);
}

#[test]
fn lists_come_from_flags_or_from_the_file() {
    let file = file("trusted-proxy = ['10.0.0.0/8', '::1']\nallow-origin = ['https://a.example']");
    let path = file.path().to_str().unwrap();
    let found = invocation(&[
        "--config",
        path,
        "--allow-origin",
        "https://b.example",
        "--allow-origin",
        "https://c.example,null",
    ]);
    let proxies: Vec<String> = found
        .config
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(
        found.config.allow_origins,
        ["https://b.example", "https://c.example", "null"]
    );
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_place() {
    for (text, expected) in [
        ("max-rooms = 'many'", "line 1"),
        ("\nmax_rooms = 3", "unknown field `max_rooms`"),
        ("bind = 'here'", "expected ADDRESS:PORT"),
        ("idle-timeout = '20'", "expected a time such as"),
        ("config = 'another.toml'", "unknown field `config`"),
        ("not toml", "line 1"),
    ] {
        let file = file(text);
        let problem = refusal(&["--config", file.path().to_str().unwrap()]);
        assert!(problem.contains(expected), "{text}: {problem}");
        assert!(
            problem.starts_with(file.path().to_str().unwrap()),
            "{problem}"
        );
    }
    assert!(refusal(&["--config", "/nowhere.toml"]).starts_with("can't read /nowhere.toml"));
    assert!(refusal(&["--map", "/nowhere.toml"]).starts_with("can't read /nowhere.toml"));
}

#[test]
fn what_is_wrong_in_a_flag_is_said_with_what_is_allowed() {
    for (arguments, expected) in [
        (["--bind", "7777"], "expected ADDRESS:PORT"),
        (["--grace-period", "soon"], "expected a time such as"),
        (["--trusted-proxy", "10.0.0.0/33"], "such as 10.0.0.0/8"),
        (["--max-players", "70000"], "--max-players"),
        (["--log-format", "xml"], "text, json"),
    ] {
        let problem = refusal(&arguments);
        assert!(problem.contains(expected), "{arguments:?}: {problem}");
    }
}

#[test]
fn a_token_of_the_api_can_not_be_guessed_and_is_not_shown() {
    let token = "0123456789abcdef";
    let found = invocation(&["--api-token", token]).config;
    assert_eq!(found.api_token, token.parse().ok());
    assert!(!format!("{found:?}").contains(token));
    for bad in ["short", "with a space in between", ""] {
        assert!(refusal(&["--api-token", bad]).contains("at least 16 visible"));
    }
    let file = file("api-token = '0123456789abcdef'");
    let found = invocation(&["--config", file.path().to_str().unwrap()]).config;
    assert_eq!(found.api_token, token.parse().ok());
}

/// The help states defaults in words; they must be the true ones.
#[test]
fn the_help_tells_the_defaults() {
    let help = Cli::command().render_long_help().to_string();
    let (default, journal) = (Config::default(), JournalConfig::default());
    let span = |span| humantime::format_duration(span).to_string();
    for value in [
        default.bind.to_string(),
        default.silence.to_string(),
        default.max_players.to_string(),
        default.max_rooms.to_string(),
        default.max_rooms_per_address.to_string(),
        default.join_tries.to_string(),
        default.max_connections.to_string(),
        default.max_connections_per_address.to_string(),
        default.max_half_open.to_string(),
        default.message_rate.to_string(),
        default.byte_rate.to_string(),
        span(default.read_interval),
        span(default.head_timeout),
        span(default.hello_timeout),
        span(default.idle_timeout),
        span(default.close_timeout),
        span(default.tunnel_timeout),
        default.head_bytes.to_string(),
        span(default.grace_period),
        span(default.empty_timeout),
        span(default.spectator_delay),
        span(default.rematch_delay),
        span(default.lobby_countdown),
        span(default.session_lifetime),
        journal.dir.display().to_string(),
        "second".to_owned(),
        journal.keep_days.to_string(),
        journal.max_bytes.to_string(),
    ] {
        assert!(
            help.contains(&format!("[default: {value}]")),
            "{value} is not in\n{help}"
        );
    }
}

/// A value that the help calls the default changes nothing when it is given.
#[test]
fn a_default_that_is_given_changes_nothing() {
    let settings = |arguments: &[&str]| format!("{:?}", invocation(arguments).config);
    let mut given = 0;
    for argument in Cli::command().get_arguments() {
        let help = argument.get_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let default = help.split_once("[default: ");
        let default = default.and_then(|(_, rest)| Some(rest.split_once(']')?.0));
        // The default game is the first that a server hosts, so that it has no name here.
        let is_value = |default: &&str| !default.contains(' ') && *default != "none";
        let Some(default) = default
            .filter(is_value)
            .filter(|_| argument.get_id() != "game")
        else {
            continue;
        };
        let flag = format!("--{}", argument.get_long().unwrap());
        assert_eq!(settings(&[&flag, default]), settings(&[]), "{flag}");
        given += 1;
    }
    assert!(given > 20, "only {given} defaults are values");
}
