//! The program as people start and stop it: settings from everywhere, words for what is wrong,
//! signals.

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

/// The program with no settings but these.
fn syncline(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    let inherited = std::env::vars_os().map(|(name, _)| name);
    for name in inherited.filter(|name| name.to_string_lossy().starts_with("SYNCLINE_")) {
        command.env_remove(name);
    }
    // Not into the folder that tests happen to run in.
    command.env("SYNCLINE_NO_JOURNAL", "true");
    command.args(arguments).envs(variables.iter().copied());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn output(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = syncline(arguments, variables).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A running server, ended with its test.
struct Running {
    child: Child,
    address: SocketAddr,
    announcement: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let all = [&["--bind", "127.0.0.1:0"], arguments].concat();
        let mut child = syncline(&all, &[]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let announcement = lines.by_ref().take(3).collect::<Vec<_>>().join("\n");
        let first = announcement.lines().next().unwrap();
        let address = first.rsplit(' ').next().unwrap().parse().unwrap();
        Self {
            child,
            address,
            announcement,
        }
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let file = file("game = 'go'");
    let config = ["--config", file.path().to_str().unwrap()];
    let from_file = format!("from: the file {}", config[1]);
    let variable = [("SYNCLINE_GAME", "chess")];
    let with_flag = [config[0], config[1], "--game", "checkers"];
    let cases = [
        (&config[..], &[][..], "\"go\"", from_file.as_str()),
        (
            &config[..],
            &variable[..],
            "\"chess\"",
            "from: the variable SYNCLINE_GAME",
        ),
        (
            &with_flag[..],
            &variable[..],
            "\"checkers\"",
            "from: the flag --game",
        ),
    ];
    for (arguments, variables, value, origin) in cases {
        let (code, _, problem) = output(arguments, variables);
        assert_eq!(code, Some(2), "{problem}");
        for words in [value, origin, "this server has arena, pong", "next: "] {
            assert!(problem.contains(words), "{words} is not in\n{problem}");
        }
    }
}

#[test]
fn a_variable_may_name_the_file() {
    let file = file("max-rooms = 0");
    let (code, _, problem) = output(&[], &[("SYNCLINE_CONFIG", file.path().to_str().unwrap())]);
    assert_eq!(code, Some(2));
    assert!(problem.starts_with("error: max-rooms is \"0\", but it must be between 1 and"));
}

#[test]
fn a_value_that_can_not_be_is_refused_with_what_is_allowed() {
    for (arguments, words) in [
        (["--snapshot-rate", "7"], "it must divide the"),
        (["--max-players", "0"], "between 1 and 4096"),
        (["--max-players", "5000"], "between 1 and 4096"),
        (["--threads", "0"], "between 1 and 1024"),
        (["--session-lifetime", "999ms"], "at least 1s"),
        (["--hello-timeout", "0s"], "more than nothing"),
        (["--spectator-delay", "121s"], "at most 120s"),
        (["--log", "a=b=c"], "error, warn, info, debug, trace"),
        (["--map", "/nowhere.toml"], "can't read /nowhere.toml"),
        (["--config", "/nowhere.toml"], "can't read /nowhere.toml"),
    ] {
        let (code, out, problem) = output(&arguments, &[]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{problem}");
        assert!(problem.contains(words), "{words} is not in\n{problem}");
        assert!(problem.contains("next: "), "{problem}");
    }
}

#[test]
fn a_broken_map_is_refused() {
    let file = file("name = 'void'\nwidth = 1\n");
    let (code, _, problem) = output(&["--map", file.path().to_str().unwrap()], &[]);
    assert_eq!(code, Some(2));
    assert!(
        problem.starts_with("error: the config of arena can't be used: "),
        "{problem}"
    );
}

#[cfg(feature = "cubes")]
#[test]
fn cubes_takes_its_settings_in_range() {
    let file = file("[games.cubes]\nside = 41\n");
    let (code, _, problem) = output(&["--config", file.path().to_str().unwrap()], &[]);
    assert_eq!(code, Some(2));
    for words in [
        "error: the config of cubes can't be used: ",
        "side is 41; allowed is 2 to 40",
    ] {
        assert!(problem.contains(words), "{words} is not in\n{problem}");
    }
}

#[test]
fn an_address_in_use_is_said_to_be() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, problem) = output(&["--bind", &address], &[]);
    assert_eq!(code, Some(1));
    assert!(
        problem.contains(&format!("can't listen on {address}")),
        "{problem}"
    );
    assert!(
        problem.contains("another program listens there"),
        "{problem}"
    );
}

/// The limit is one of its own, so that the machine's does not matter.
#[cfg(unix)]
#[test]
fn more_connections_than_the_system_allows_are_refused() {
    let program = env!("CARGO_BIN_EXE_syncline");
    let script = format!("ulimit -n 300 && exec '{program}' --demo-bots 0 --max-connections 173");
    let refused = Command::new("sh").args(["-c", &script]).output().unwrap();
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    for words in [
        "max-connections",
        "300 descriptors",
        "172 connections",
        "ulimit -n",
        "from: the flag --max-connections",
    ] {
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn help_is_no_error_and_nonsense_is_one() {
    let (code, help, _) = output(&["--help"], &[]);
    assert_eq!(code, Some(0));
    for words in [
        "--snapshot-rate",
        "SYNCLINE_BIND",
        "[games.NAME]",
        "serve",
        "Exit codes",
    ] {
        assert!(help.contains(words), "{words} is not in\n{help}");
    }
    assert_eq!(output(&["--version"], &[]).0, Some(0));
    for nonsense in [
        &["--bnid", "127.0.0.1:1"][..],
        &["host"],
        &["--bind", "x", "serve"],
    ] {
        assert_eq!(output(nonsense, &[]).0, Some(2), "{nonsense:?}");
    }
}

#[test]
fn it_says_how_to_reach_it() {
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/maps/courtyard.toml");
    let server = Running::start(&["--map", map, "--game", "arena"]);
    let address = server.address;
    for words in [
        format!("http://{address}/"),
        format!("syncline-bot-client -- --url ws://{address}/play"),
        "arena, pong".to_owned(),
    ] {
        assert!(
            server.announcement.contains(&words),
            "{words} is not in\n{}",
            server.announcement
        );
    }
    let mut socket = TcpStream::connect(address).unwrap();
    socket
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[test]
fn the_bots_it_suggests_play_its_game() {
    let last = |server: &Running| server.announcement.lines().last().unwrap().to_owned();
    let arena = Running::start(&[]);
    assert!(last(&arena).ends_with("--duration 30s"));
    let pong = Running::start(&["--game", "pong"]);
    assert!(last(&pong).ends_with("--duration 30s --game pong --rooms 100"));
}

#[test]
fn the_address_it_prints_leads_to_the_game_that_has_a_page() {
    for (arguments, path) in [(&[][..], ""), (&["--game", "pong"][..], "arena/")] {
        let server = Running::start(arguments);
        let line = server.announcement.lines().nth(1).unwrap();
        let expected = format!("open  http://{}/{path}", server.address);
        assert_eq!(line.trim_start(), expected);
    }
}

#[test]
fn a_variable_that_can_not_be_is_named() {
    for (name, value) in [
        ("SYNCLINE_MAX_PLAYERS", "many"),
        ("SYNCLINE_LOG_FORMAT", "xml"),
    ] {
        let (code, _, problem) = output(&["--max-rooms", "3"], &[(name, value)]);
        assert_eq!(code, Some(2), "{problem}");
        let words = format!("invalid value '{value}' for '{name}'");
        assert!(problem.contains(&words), "{words} is not in\n{problem}");
    }
    let variable = [("SYNCLINE_MAX_PLAYERS", "many")];
    let (_, _, problem) = output(&["--max-players=few"], &variable);
    assert!(
        problem.contains("'few' for '--max-players <N>'"),
        "{problem}"
    );
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_it_is_asked_to() {
    for signal in ["TERM", "INT"] {
        let mut server = Running::start(&["--log-format", "json"]);
        let mut open = TcpStream::connect(server.address).unwrap();
        open.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        open.read_exact(&mut [0]).unwrap();
        server.signal(signal);
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        let mut logs = String::new();
        server
            .child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut logs)
            .unwrap();
        let last = logs.lines().last().unwrap();
        assert!(
            last.starts_with('{') && last.contains("\"message\":\"shutting down\""),
            "{logs}"
        );
    }
}
