//! The top of the tree stays small enough to read at a glance.

use std::collections::BTreeSet;

use crate::repository::{self, File};

/// What a visitor sees first. A new entry here is a decision about the whole repository.
const ENTRIES: [&str; 14] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "OPERATING.md",
    "README.md",
    "assets",
    "bot-client",
    "deny.toml",
    "server",
    "shared",
    "tests",
];

fn violations(files: &[File]) -> Vec<String> {
    let entries: BTreeSet<&str> = files
        .iter()
        .map(|file| file.path.split('/').next().unwrap_or_default())
        .filter(|entry| !entry.starts_with('.') && !ENTRIES.contains(entry))
        .collect();
    entries
        .into_iter()
        .map(|entry| format!("{entry}: not one of the entries that the root may have"))
        .collect()
}

#[test]
fn the_root_has_only_its_own_entries() {
    repository::assert_obeyed(&violations(&repository::files()));
}

#[test]
fn a_new_entry_is_reported() {
    let files = [
        File::new("Cargo.toml", ""),
        File::new(".config/nextest.toml", ""),
        File::new("scripts/a.sh", ""),
        File::new("scripts/b.sh", ""),
    ];
    repository::assert_reported(&violations(&files), "scripts:");
}
