//! Text speaks only of what comes with the repository.
//!
//! A path of one machine, a path that climbs out of the checkout, or a document that is not there
//! is of no use to the reader who has cloned it.

use std::collections::BTreeSet;

use crate::repository::{self, File};

/// Folders of one machine, written in two halves so that this list is not a mention.
const MACHINE_FOLDERS: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// The file that cargo writes and nobody reads.
const LOCK: &str = "Cargo.lock";

/// Declarations, which the type checker writes as if they lay beside what they declare.
const DECLARATIONS: &str = ".d.ts";

fn violations(files: &[File]) -> Vec<String> {
    let places: BTreeSet<String> = files.iter().flat_map(path_and_folders).collect();
    let names: BTreeSet<&str> = files.iter().map(File::name).collect();
    let mut violations = Vec::new();
    let written_by_hand =
        |file: &&File| file.name() != LOCK && !file.name().ends_with(DECLARATIONS);
    for file in files.iter().filter(written_by_hand) {
        for (number, line) in file.numbered_lines() {
            let mut report = |what: &str, text: &str| {
                violations.push(format!("{}:{number}: {what}: {text}", file.path));
            };
            for folder in MACHINE_FOLDERS
                .iter()
                .filter(|folder| names_root(line, folder))
            {
                report("a path of one machine", folder);
            }
            for path in climbing_paths(line) {
                let mut ends = bases(file, &places)
                    .into_iter()
                    .map(|base| destination(base, path));
                if !ends.any(|end| end.is_some_and(|end| places.contains(&end))) {
                    report("a path that leads nowhere in the checkout", path);
                }
            }
            for document in documents(line).filter(|document| !names.contains(document)) {
                report("a document that is not in the repository", document);
            }
        }
    }
    violations
}

/// A file's own path and the folders above it.
fn path_and_folders(file: &File) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = file.path.split('/').collect();
    (1..=parts.len()).map(move |count| parts[..count].join("/"))
}

/// Whether `folder` is named as one from the root of a file system, not as the middle of a path.
fn names_root(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "_-.}".contains(letter))
    })
}

/// Every `../` path that names the shared folder: the one name that is both a crate of ours and
/// a likely neighbour of the checkout.
fn climbing_paths(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !(letter.is_alphanumeric() || "_-./".contains(letter)))
        .map(|path| path.trim_matches('/').trim_end_matches('.'))
        .filter(|path| path.starts_with("../") && path.split('/').any(|part| part == "shared"))
}

/// The folders that a path in `file` may be meant from: its own and its crate's, or the root for a
/// script.
fn bases<'a>(file: &'a File, places: &BTreeSet<String>) -> Vec<&'a str> {
    if file.text.starts_with("#!/") {
        return vec![""];
    }
    let mut folder = file.folder();
    while !folder.is_empty() && !places.contains(&format!("{folder}/Cargo.toml")) {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    vec![file.folder(), folder]
}

/// The place that `path` leads to from `base`, or `None` if that is out of the checkout.
fn destination(base: &str, path: &str) -> Option<String> {
    let mut place: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        if part == ".." {
            place.pop()?;
        } else {
            place.push(part);
        }
    }
    Some(place.join("/"))
}

/// The documents that a line names: capitals and `.md`, as ours are.
fn documents(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !(letter.is_alphanumeric() || "_-.".contains(letter)))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            word.strip_suffix(".md").is_some_and(|stem| {
                !stem.is_empty()
                    && stem
                        .chars()
                        .all(|letter| letter.is_ascii_uppercase() || letter == '_')
            })
        })
}

#[test]
fn text_names_only_what_is_here() {
    repository::assert_obeyed(&violations(&repository::files()));
}

#[test]
fn a_path_of_one_machine_is_reported() {
    for folder in MACHINE_FOLDERS {
        let file = File::new(
            "a/b.rs",
            &format!("//! Here.\nconst A: &str = \"{folder}a\";\n"),
        );
        repository::assert_reported(&violations(&[file]), "a/b.rs:2: a path of one machine");
        let middle = File::new("a/b.rs", &format!("target{folder}a"));
        repository::assert_obeyed(&violations(&[middle]));
    }
}

#[test]
fn a_path_out_of_the_checkout_is_reported() {
    let up = "../";
    let inside = [
        File::new("shared/README.md", ""),
        File::new(
            "tests/Cargo.toml",
            &format!("a = {{ path = \"{up}shared\" }}"),
        ),
        File::new(
            "tests/golden/main.rs",
            &format!("\"/{up}shared/README.md\""),
        ),
        File::new(
            "tests/golden/notes.rs",
            &format!("\"{up}{up}shared/README.md\""),
        ),
    ];
    repository::assert_obeyed(&violations(&inside));
    for (path, text) in [
        ("README.md", format!("See {up}shared.")),
        ("tests/run", format!("#!/bin/sh\ncat {up}shared/README.md")),
        (
            "tests/golden/notes.rs",
            format!("//! See {up}{up}{up}shared."),
        ),
        (
            "tests/golden/notes.rs",
            format!("//! See {up}{up}shared/lost.txt"),
        ),
    ] {
        let mut files = inside.to_vec();
        files.push(File::new(path, &text));
        repository::assert_reported(&violations(&files), "a path that leads nowhere");
    }
}

#[test]
fn a_document_that_is_missing_is_reported() {
    let lost = concat!("LOST", ".md");
    let here = File::new("docs/README.md", "See `README.md`, or a readme.md.\n");
    repository::assert_obeyed(&violations(std::slice::from_ref(&here)));
    let file = File::new("a.rs", &format!("//! See `README.md`\n//! and {lost}.\n"));
    let expected = format!("a.rs:2: a document that is not in the repository: {lost}");
    repository::assert_reported(&violations(&[here, file]), &expected);
}
