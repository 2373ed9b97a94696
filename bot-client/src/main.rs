//! `syncline-bots`: runs a swarm, draws its progress, prints its report.
//!
//! The exit status is 1 if a session was lost, a world differed, a prediction was wrong, the server
//! blamed a bot for what it sent, or the rate was not held or could not be measured.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use indicatif::{ProgressBar, ProgressStyle};
use syncline_bot_client::cli::Arguments;
use syncline_bot_client::error::Error;
use syncline_bot_client::html::page;
use syncline_bot_client::progress::Progress;
use syncline_bot_client::swarm::run_with;
use syncline_bot_client::{Report, SwarmConfig};

/// How often the bar is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(250);

/// Descriptors beside the bots' sockets.
const DESCRIPTORS_SPARE: u64 = 64;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match swarm(&arguments) {
        Ok(report) => tell(&report),
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn swarm(arguments: &Arguments) -> Result<Report, Error> {
    let config = SwarmConfig::from(arguments);
    // A report that can't be written is known before the swarm has played for it.
    let [json, html] = [&arguments.json, &arguments.html]
        .map(|path| path.as_deref().map(Output::create).transpose());
    let (json, html) = (json?, html?);
    let title = title(&config);
    // Where the system allows no more, the bots beyond are refused and the report says so.
    let _ = rlimit::increase_nofile_limit(u64::from(config.bots) + DESCRIPTORS_SPARE);
    // One thread: the server that is measured needs the others.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::Runtime { source })?;
    let bar = bar(&config);
    let report = runtime.block_on(async {
        let progress = Arc::new(Progress::default());
        let drawn = tokio::spawn(draw(bar.clone(), Arc::clone(&progress)));
        let report = run_with(config, progress).await;
        drawn.abort();
        report
    });
    bar.finish_and_clear();
    let report = report?;
    if let Some(json) = json {
        json.write(serde_json::to_vec_pretty(&report).map_err(io::Error::from))?;
    }
    if let Some(html) = html {
        html.write(page(&title, &report).map(String::into_bytes))?;
    }
    Ok(report)
}

/// What was run, in a few words.
fn title(config: &SwarmConfig) -> String {
    let (bots, game, rooms) = (config.bots, &config.game, config.rooms);
    let seconds = config.duration.as_secs_f64();
    format!("Syncline: {bots} bots, {game}, {rooms} rooms, {seconds} s")
}

/// A file that the report goes to.
struct Output {
    file: File,
    path: String,
}

impl Output {
    fn create(path: &Path) -> Result<Self, Error> {
        let (created, path) = (File::create(path), path.display().to_string());
        match created {
            Ok(file) => Ok(Self { file, path }),
            Err(source) => Err(Error::Report { path, source }),
        }
    }

    fn write(mut self, bytes: io::Result<Vec<u8>>) -> Result<(), Error> {
        let written = bytes.and_then(|bytes| self.file.write_all(&bytes));
        let path = self.path;
        written.map_err(|source| Error::Report { path, source })
    }
}

/// A bar on the terminal, if there is one.
fn bar(config: &SwarmConfig) -> ProgressBar {
    let total = config.total().as_millis();
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Moves the bar and says which rooms were made, until it is aborted.
async fn draw(bar: ProgressBar, progress: Arc<Progress>) {
    let mut ticks = tokio::time::interval(DRAWN_EVERY);
    loop {
        ticks.tick().await;
        let elapsed = bar.elapsed().as_millis();
        bar.set_position(u64::try_from(elapsed).unwrap_or(u64::MAX));
        let (joined, closed) = (progress.connections(), progress.closes());
        bar.set_message(format!("{joined} joined, {closed} closed"));
        for (room, code) in progress.take_made() {
            bar.suspend(|| drop(writeln!(io::stderr(), "room {room}, code {code}")));
        }
    }
}

/// Prints the report, and why the run failed if it did.
fn tell(report: &Report) -> ExitCode {
    // A reader that has seen enough and closed the pipe is no failure of the run.
    let _ = writeln!(io::stdout(), "{}", report.table());
    let failures = report.failures();
    for failure in &failures {
        complain(failure);
    }
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "syncline-bots: {what}");
}
