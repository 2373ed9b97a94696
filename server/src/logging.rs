//! Structured logs, to standard error.
//!
//! Only the program sets this up: a library's user has logs of its own.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;
use crate::error::Error;

/// Logs what `filter` lets through, from now on; panics too.
///
/// # Errors
///
/// [`Error::Setting`] if `filter` is none.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<(), Error> {
    let filter = EnvFilter::try_new(filter).map_err(|error| Error::Setting {
        name: "log",
        value: filter.to_owned(),
        rule: format!(
            "it must be a level (error, warn, info, debug, trace) or a list such as \
             warn,syncline_server=debug: {error}"
        ),
    })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second program in this process keeps the first one's logs.
    let _ = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or("a value that is not text");
        tracing::error!(location, message, "panicked");
    }));
    Ok(())
}
