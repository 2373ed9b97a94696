//! The pure crates' lint settings equal each other and begin with the root's.
//!
//! clippy reads only the nearest file, so what the root says must be said again beside each of
//! them, and a ban that one of them lacks would not be a ban.

use crate::repository::{self, File};

/// The settings of everything that is not pure.
const ROOT: &str = ".clippy.toml";

/// The settings of the pure crates, the first of which the others are held against.
const PURE: [&str; 4] = [
    "shared/.clippy.toml",
    "shared/games/.clippy.toml",
    "server/core/.clippy.toml",
    "bot-client/core/.clippy.toml",
];

/// What no settings of a pure crate may leave out.
const BANS: [&str; 6] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

fn violations(files: &[File]) -> Vec<String> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| &file.text)
    };
    let mut found = Vec::new();
    let model = text(PURE[0]);
    for path in PURE {
        if text(path).is_none() {
            found.push(format!("{path} is missing"));
        } else if text(path) != model {
            found.push(format!("{path} differs from {}", PURE[0]));
        }
    }
    let model = model.map_or("", String::as_str);
    for setting in text(ROOT).map_or("", String::as_str).lines() {
        if !model.lines().any(|line| line == setting) {
            found.push(format!("{} lacks the root's: {setting}", PURE[0]));
        }
    }
    for ban in BANS
        .iter()
        .filter(|ban| !model.contains(&format!("path = \"{ban}\"")))
    {
        found.push(format!("{} does not ban {ban}", PURE[0]));
    }
    for file in files
        .iter()
        .filter(|file| file.name().ends_with("clippy.toml"))
    {
        if file.path != ROOT && !PURE.contains(&file.path.as_str()) {
            found.push(format!("{} hides the root's settings", file.path));
        }
    }
    found
}

#[test]
fn pure_crates_have_the_same_settings() {
    repository::assert_obeyed(&violations(&repository::files_with_extension("toml")));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files as they should be, but for what `change` does to each one's text.
    fn sample(change: impl Fn(&str, String) -> String) -> Vec<String> {
        let bans = BANS.map(|ban| format!("    {{ path = \"{ban}\" }},\n"));
        let bans = bans.concat();
        let files: Vec<File> = PURE
            .iter()
            .chain([&ROOT])
            .map(|path| {
                let rest = if *path == ROOT { "" } else { &bans };
                File::new(path, &change(path, format!("limit = 70\n{rest}")))
            })
            .collect();
        violations(&files)
    }

    #[test]
    fn equal_settings_are_fine() {
        repository::assert_obeyed(&sample(|_, text| text));
    }

    #[test]
    fn a_difference_is_reported() {
        let found = sample(|path, text| {
            if path == PURE[2] {
                text + "more = 1\n"
            } else {
                text
            }
        });
        repository::assert_reported(&found, "server/core/.clippy.toml differs");
    }

    #[test]
    fn a_setting_of_the_root_alone_is_reported() {
        let found = sample(|path, text| {
            if path == ROOT {
                text + "more = 1\n"
            } else {
                text
            }
        });
        repository::assert_reported(&found, "lacks the root's: more = 1");
    }

    #[test]
    fn a_lifted_ban_is_reported() {
        let found = sample(|_, text| text.replace("HashSet", "BTreeSet"));
        repository::assert_reported(&found, "does not ban std::collections::HashSet");
    }

    #[test]
    fn missing_and_stray_settings_are_reported() {
        let found = violations(&[File::new("server/clippy.toml", "")]);
        assert!(
            found.contains(&"shared/.clippy.toml is missing".to_owned()),
            "{found:?}"
        );
        assert!(
            found.contains(&"server/clippy.toml hides the root's settings".to_owned()),
            "{found:?}"
        );
    }
}
