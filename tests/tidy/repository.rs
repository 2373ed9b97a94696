//! The files of the repository: those that git tracks or would track, as text.
//!
//! Knows no rule. What git ignores is not the repository's, and a file that is not UTF-8 (a golden
//! vector, an image) has nothing for a rule to read.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that hold nothing of the repository's, for a copy of it that git knows nothing of.
const FOREIGN_FOLDERS: [&str; 4] = [".git", "data", "node_modules", "target"];

/// One text file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Where it is, from the root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// A file as a test wants it.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The folder that the file is in, empty for the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path
            .rsplit_once('/')
            .map_or(&self.path, |(_, name)| name)
    }

    /// Whether the name ends in `.` and `extension`.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension() == Some(OsStr::new(extension))
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn numbered_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests' crate is a folder of the repository")
        .to_path_buf()
}

/// Every text file, by path.
pub(crate) fn files() -> Vec<File> {
    let root = root();
    let mut paths = tracked_paths(&root).unwrap_or_else(|| walked_paths(&root));
    paths.sort();
    paths.dedup();
    let files: Vec<File> = paths
        .into_iter()
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(root.join(&path)).ok()?).ok()?;
            Some(File { path, text })
        })
        .collect();
    assert!(
        files.iter().any(|file| file.path == "Cargo.toml"),
        "no manifest at {}: the rules would be checked on nothing",
        root.display()
    );
    files
}

/// The files that `extension` names.
pub(crate) fn files_with_extension(extension: &str) -> Vec<File> {
    let mut files = files();
    files.retain(|file| file.has_extension(extension));
    files
}

/// Fails with the violations, one a line, if there are any.
#[track_caller]
pub(crate) fn assert_obeyed(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} found:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// Fails unless exactly one violation is reported and its text has `expected` in it.
#[track_caller]
pub(crate) fn assert_reported(violations: &[String], expected: &str) {
    assert!(
        violations.len() == 1 && violations[0].contains(expected),
        "expected one violation with {expected:?}, got {violations:#?}"
    );
}

/// What git tracks, and what it would if it were added; `None` where the root is not a checkout.
fn tracked_paths(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None;
    }
    // A build often runs as another user than the one who owns the checkout; reading it is safe.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-C"])
        .arg(root)
        .args(["ls-files", "-z", "--cached", "--others"])
        .arg("--exclude-standard")
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let listing = String::from_utf8(output.stdout).ok()?;
    Some(
        listing
            .split_terminator('\0')
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    )
}

/// Every file below `root` that is not in a foreign folder.
fn walked_paths(root: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("a folder of the checkout can be read");
        for entry in entries.map(|entry| entry.expect("an entry of the checkout can be read")) {
            let path = entry.path();
            let foreign = FOREIGN_FOLDERS
                .iter()
                .any(|name| entry.file_name() == OsStr::new(name));
            if path.is_dir() && !foreign {
                folders.push(path);
            } else if path.is_file() {
                let below_root = path.strip_prefix(root).expect("the walk stays below root");
                let parts: Vec<_> = below_root.iter().map(OsStr::to_string_lossy).collect();
                paths.push(parts.join("/"));
            }
        }
    }
    paths
}

#[test]
fn the_walk_finds_what_git_tracks() {
    let walked = walked_paths(&root());
    let missing: Vec<String> = tracked_paths(&root())
        .unwrap_or_default()
        .into_iter()
        .filter(|path| root().join(path).is_file() && !walked.contains(path))
        .collect();
    assert_obeyed(&missing);
}
