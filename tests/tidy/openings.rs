//! Every Rust file opens with what it owns and what it must not know.

use crate::repository::{self, File};

/// What a file says when it has been made and not yet written.
const NOTHING_SAID: [&str; 3] = ["//!", "//! Placeholder.", "//! Stub."];

fn violations(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or_default().trim_end();
            !first.starts_with("//! ") || NOTHING_SAID.contains(&first)
        })
        .map(|file| {
            format!(
                "{}: the first line is no `//!` doc comment that says what the file owns",
                file.path
            )
        })
        .collect()
}

#[test]
fn every_module_opens_with_its_doc_comment() {
    repository::assert_obeyed(&violations(&repository::files_with_extension("rs")));
}

#[test]
fn a_file_that_says_nothing_is_reported() {
    for text in [
        "",
        "use std::fmt;\n",
        "// A comment.\n",
        "/// An item.\nfn a() {}",
        "//! Placeholder.\n",
    ] {
        repository::assert_reported(&violations(&[File::new("a.rs", text)]), "a.rs");
    }
    repository::assert_obeyed(&violations(&[File::new("a.rs", "//! The outbox.\n")]));
}
