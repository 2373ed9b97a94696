//! Words that say that something is unfinished or out of the compiler's sight have no place here.

use crate::repository::{self, File};
use crate::rust_source;

/// Notes to oneself, written in two halves so that this list is not one.
const NOTES: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

/// Macros that stand where code should.
const MACROS: [&str; 3] = ["dbg", "todo", "unimplemented"];

/// The files that may say `unsafe`, each with its reason beside it.
const UNSAFE_ALLOWED: [&str; 1] = [
    // An allocator that counts, for tests alone: there is no other way to be one.
    "shared/tests/allocations.rs",
];

fn note_violations(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for (number, line) in file.numbered_lines() {
            let words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            for word in words.filter(|word| NOTES.contains(word)) {
                violations.push(format!("{}:{number}: a note to oneself: {word}", file.path));
            }
        }
    }
    violations
}

fn code_violations(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for pair in rust_source::tokens(file).windows(2) {
            let [word, next] = pair else { continue };
            if next.is("!") && MACROS.contains(&word.text.as_str()) {
                violations.push(format!("{}:{}: {}!", file.path, word.line, word.text));
            }
            if word.is("unsafe") && !UNSAFE_ALLOWED.contains(&file.path.as_str()) {
                violations.push(format!("{}:{}: unsafe code", file.path, word.line));
            }
        }
    }
    violations
}

#[test]
fn nobody_left_a_note() {
    repository::assert_obeyed(&note_violations(&repository::files()));
}

#[test]
fn no_code_is_missing_or_unsafe() {
    repository::assert_obeyed(&code_violations(&repository::files_with_extension("rs")));
}

#[test]
fn a_note_is_reported() {
    for note in NOTES {
        let file = File::new("a.md", &format!("fine\n<!-- {note}: later -->\n"));
        repository::assert_reported(&note_violations(&[file]), "a.md:2");
    }
    let longer = format!("Octets: 0x{} and {}_LIST\n", NOTES[2], NOTES[0]);
    repository::assert_obeyed(&note_violations(&[File::new("a.md", &longer)]));
}

#[test]
fn missing_and_unsafe_code_is_reported() {
    for name in MACROS {
        let file = File::new(
            "a.rs",
            &format!("// {name}!()\nfn a() {{ {name}!(\"b\") }}"),
        );
        repository::assert_reported(&code_violations(&[file]), &format!("a.rs:2: {name}!"));
    }
    let file = File::new("a.rs", "//! Not unsafe.\nfn a() {\n unsafe { b() } }");
    repository::assert_reported(&code_violations(&[file]), "a.rs:3: unsafe");
}
