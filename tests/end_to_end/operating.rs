//! The page for operators: it tells every setting and every metric, with the true defaults and
//! words, and none that is not there.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Arg, ArgAction};
use syncline_server::Config;
use tokio::io::AsyncWriteExt;

use crate::support::host::{Answer, Host, handshake};
use crate::support::soon;

const PAGE: &str = include_str!("../../OPERATING.md");

/// The rows of all tables whose first cell begins so, by that cell.
fn rows(beginning: &str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = PAGE.lines().filter(|line| line.starts_with(beginning));
    let mut rows = BTreeMap::new();
    for line in lines {
        // A bar within a cell is written as an escape.
        let cells = line.strip_suffix(" |").expect("a row ends in a bar");
        let mut cells = cells.split(" | ");
        let first = cells.next().expect("there is a first cell");
        let first = first.trim_start_matches("| ");
        let twice = rows.insert(first, cells.collect());
        assert!(twice.is_none(), "OPERATING.md has {first} twice");
    }
    rows
}

/// One setting as its row has to be: the first cell, then the variable and the default.
struct Setting {
    name: String,
    variable: String,
    default: String,
    unit: String,
    help: String,
}

impl Setting {
    /// An argument of the program, or of its `command`.
    fn of(command: Option<&str>, argument: &Arg) -> Self {
        let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
        let value = argument.get_value_names().unwrap_or_default();
        let value = value.first().map(ToString::to_string).unwrap_or_default();
        let words = [
            command.map(ToOwned::to_owned),
            argument.get_long().map(|long| format!("--{long}")),
            takes_value.then_some(value.clone()),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let help = argument.get_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let (help, default) = match help.split_once(" [default: ") {
            Some((help, default)) => (help, Some(default.trim_end_matches(']'))),
            None => (help.as_str(), None),
        };
        let by_clap = argument.get_default_values().first();
        let by_clap = by_clap.map(|value| value.to_string_lossy().into_owned());
        let default = default.map(ToOwned::to_owned).or(by_clap);
        let none = if takes_value { "none" } else { "off" };
        let variable = argument.get_env().map(|name| name.to_string_lossy());
        Self {
            name: format!("`{}`", words.join(" ")),
            variable: variable.map_or_else(String::new, |name| format!("`{name}`")),
            default: default.unwrap_or_else(|| none.to_owned()),
            unit: if takes_value {
                value
            } else {
                "switch".to_owned()
            }
            .to_lowercase(),
            help: help.to_owned(),
        }
    }

    /// The row to put into the page.
    fn row(&self) -> String {
        let Self {
            name,
            variable,
            default,
            unit,
            help,
        } = self;
        format!("| {name} | {variable} | {default} | {unit} | {help} |")
    }

    /// What is wrong with its row, if anything.
    fn complaint(&self, cells: Option<&Vec<&str>>) -> Option<String> {
        let Some(cells) = cells else {
            return Some(format!("add to OPERATING.md the row\n    {}", self.row()));
        };
        let right = match cells[..] {
            [variable, default, unit, meaning] => {
                variable == self.variable
                    && default.replace('`', "") == self.default
                    && ![unit, meaning].iter().any(|cell| cell.trim().is_empty())
            }
            _ => false,
        };
        (!right).then(|| {
            format!(
                "in OPERATING.md {} needs this variable and default, a unit and a meaning\n    {}",
                self.name,
                self.row()
            )
        })
    }
}

/// All that a command line may say.
fn settings() -> Vec<Setting> {
    let command = syncline_server::command();
    let mut settings: Vec<Setting> = command
        .get_arguments()
        .map(|argument| Setting::of(None, argument))
        .collect();
    for command in command.get_subcommands() {
        // It takes what the program takes without a command.
        let name = Some(command.get_name()).filter(|name| *name != "serve");
        let of_it = command
            .get_arguments()
            .map(|argument| Setting::of(name, argument));
        if name.is_some() {
            settings.extend(of_it);
        } else {
            let rows = |settings: &[Setting]| settings.iter().map(Setting::row).collect::<Vec<_>>();
            assert_eq!(rows(&of_it.collect::<Vec<_>>()), rows(&settings));
        }
    }
    settings
}

#[test]
fn the_page_tells_every_setting_with_its_default() {
    let mut rows = rows("| `--");
    for command in syncline_server::command().get_subcommands() {
        rows.extend(self::rows(&format!("| `{} ", command.get_name())));
    }
    let settings = settings();
    let mut complaints: Vec<String> = settings
        .iter()
        .filter_map(|setting| setting.complaint(rows.get(setting.name.as_str())))
        .collect();
    let names: BTreeSet<&str> = settings.iter().map(|it| it.name.as_str()).collect();
    let strange = rows.keys().filter(|name| !names.contains(*name));
    complaints
        .extend(strange.map(|name| format!("take {name} out of OPERATING.md: there is none")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The metrics of a server that has refused a handshake and a connection and has seen one end: what
/// is counted by reason is told from the first time on.
async fn metrics() -> String {
    let config = Config {
        max_connections: 1,
        ..Config::default()
    };
    let host = Host::with(config);
    let (refused, mut socket) = host.ask(&handshake("GET", &[("upgrade", "h2c")])).await;
    assert_eq!(refused.status, 400);
    let good = handshake("GET", &[]);
    socket.write_all(good.as_bytes()).await.unwrap();
    assert_eq!(
        soon("an answer", Answer::read(&mut socket)).await.status,
        101
    );
    host.metric_until(
        "syncline_connections_refused_total{reason=\"full\"}",
        |count| count > 0,
    )
    .await;
    drop(socket);
    host.metric_until("syncline_closes_total{reason=\"gone\"}", |count| count > 0)
        .await;
    let text = host.get("/metrics").await.body;
    host.stop().await;
    text
}

/// What lines that begin so say of each metric.
fn told<'a>(text: &'a str, beginning: &str) -> BTreeMap<&'a str, &'a str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(beginning));
    lines.filter_map(|line| line.split_once(' ')).collect()
}

#[tokio::test]
async fn the_page_tells_every_metric_in_its_own_words() {
    let text = metrics().await;
    let kinds = told(&text, "# TYPE ");
    let mut rows = rows("| `syncline_");
    let mut complaints = Vec::new();
    for (name, help) in told(&text, "# HELP ") {
        let kind = kinds[name];
        let suffix = if kind == "counter" { "_total" } else { "" };
        let (name, help) = (format!("`{name}{suffix}`"), help.trim_end_matches('.'));
        if rows.remove(name.as_str()) != Some(vec![kind, help]) {
            complaints.push(format!(
                "OPERATING.md needs the row\n    | {name} | {kind} | {help} |"
            ));
        }
    }
    let strange = rows.keys();
    complaints
        .extend(strange.map(|name| format!("take {name} out of OPERATING.md: there is none")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
