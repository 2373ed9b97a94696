//! The packages that the lock file chooses for this machine, as `cargo metadata` tells them.
//!
//! Asks no network: what is built has been fetched, and nothing else is of interest.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::repository;

/// What `cargo metadata` says.
///
/// # Panics
///
/// If cargo refuses, for instance because the lock file is behind the manifests.
pub(crate) fn metadata() -> Value {
    let version = output(Command::new("rustc").arg("-vV"));
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host");
    let text = output(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .args(["--filter-platform", host, "--manifest-path"])
            .arg(repository::root().join(Path::new("Cargo.toml"))),
    );
    serde_json::from_str(&text).expect("cargo writes JSON")
}

/// The entries of a list in the metadata.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// A text in the metadata, empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the toolchain is there");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("the toolchain writes UTF-8")
}
