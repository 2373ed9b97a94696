//! No file of code grows past what one reader holds in mind.
//!
//! Tests at the bottom of a Rust file don't count: a well-tested file is not a long one.

use crate::repository::{self, File};

/// Above this a file is split by what it knows. Most should stay under two thirds of it.
const LINES_MAX: usize = 600;

fn violations(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| {
            ["rs", "js", "mjs"]
                .iter()
                .any(|kind| file.has_extension(kind))
        })
        .filter_map(|file| {
            let lines = code_lines(file);
            (lines > LINES_MAX)
                .then(|| format!("{}: {lines} lines, {LINES_MAX} at most", file.path))
        })
        .collect()
}

/// The lines before the tests module, or all of them where it is a file of its own.
fn code_lines(file: &File) -> usize {
    let lines: Vec<&str> = file.text.lines().collect();
    lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1] == "mod tests {")
        .unwrap_or(lines.len())
}

#[test]
fn files_are_short() {
    repository::assert_obeyed(&violations(&repository::files()));
}

#[test]
fn a_long_file_is_reported() {
    let long = "fn a() {}\n".repeat(LINES_MAX + 1);
    repository::assert_reported(&violations(&[File::new("a.rs", &long)]), "601 lines");
    repository::assert_reported(&violations(&[File::new("a.js", &long)]), "601 lines");
    let full = "fn a() {}\n".repeat(LINES_MAX);
    repository::assert_obeyed(&violations(&[File::new("a.rs", &full)]));
}

#[test]
fn tests_at_the_bottom_do_not_count() {
    let tests = "    fn a() {}\n".repeat(LINES_MAX);
    let file = File::new(
        "a.rs",
        &format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n{tests}}}\n"),
    );
    assert_eq!(code_lines(&file), 2);
    repository::assert_obeyed(&violations(&[file]));
}

#[test]
fn a_tests_module_in_another_file_ends_nothing() {
    let file = File::new("a.rs", "#[cfg(test)]\nmod tests;\n\nfn a() {}\n");
    assert_eq!(code_lines(&file), 4);
}
