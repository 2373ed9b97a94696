//! A recorded match written out as a test, which runs it again whenever its game is tested.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::journal::{Summary, heading, open, read};
use crate::games::Games;

/// The crate that the program's own games are in, and where it is from this one.
const SHIPPED: (&str, &str) = ("syncline_games", "../shared/games");

/// What stands for what only the game's author knows.
const UNKNOWN: &str = "FILL IN";

/// Writes the match of the journal at `path` as a test into `folder`: a package's `tests`, a package,
/// or a new one.
pub(super) fn export(
    path: &Path,
    folder: &Path,
    games: &Games,
    out: &mut impl Write,
) -> Result<bool, String> {
    let bytes = read(path)?;
    let mut reader = open(path, &bytes)?;
    let heading = heading(reader.header());
    let game = reader.header().start.game.clone();
    let state = Summary::of(&mut reader).state();
    let good = usize::try_from(reader.good_bytes()).unwrap_or(bytes.len());
    let game_type = games.type_name(&game);
    let name = test_name(path);

    let is_tests = folder.file_name().is_some_and(|name| name == "tests");
    let tests = if is_tests {
        folder.to_owned()
    } else {
        folder.join("tests")
    };
    let made = |path: &Path, error| format!("{}: {error}", path.display());
    fs::create_dir_all(&tests).map_err(|error| made(&tests, error))?;
    let mut written = Vec::new();
    let mut put = |path: PathBuf, bytes: &[u8]| {
        fs::write(&path, bytes).map_err(|error| made(&path, error))?;
        written.push(path);
        Ok::<(), String>(())
    };
    put(tests.join(format!("{name}.journal")), &bytes[..good])?;
    let test = test(&name, &heading, &state, game_type.unwrap_or(UNKNOWN));
    put(tests.join(format!("{name}.rs")), test.as_bytes())?;
    let manifest = folder.join("Cargo.toml");
    if !is_tests && !manifest.exists() {
        let toml = manifest_text(&name, &game, game_type);
        put(manifest, toml.as_bytes())?;
    }

    let _ = writeln!(out, "{heading}");
    for path in &written {
        let _ = writeln!(out, "  wrote {}", path.display());
    }
    let package = if is_tests {
        folder.parent()
    } else {
        Some(folder)
    };
    let package = package.unwrap_or(folder).join("Cargo.toml");
    let package = package.display();
    let _ = writeln!(
        out,
        "  run   cargo test --manifest-path {package} --test {name}"
    );
    Ok(true)
}

/// What the test of a journal is called: as its file, as far as Rust has such names.
fn test_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".journal").unwrap_or(&name);
    let name = name.strip_suffix(".open").unwrap_or(name);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    format!("replay_{}", name.chars().map(plain).collect::<String>())
}

fn test(name: &str, heading: &str, state: &str, game: &str) -> String {
    let state = state.replace('\n', " ");
    let fill_in = if game == UNKNOWN {
        "// The program that wrote this doesn't have the game: name its type.\n    "
    } else {
        ""
    };
    let game = if game == UNKNOWN { "Game" } else { game };
    format!(
        "//! A recorded match, run again: every hash and checkpoint has to be what it was.\n\
         //!\n\
         //! {heading}\n\
         //! It ended so: {state}\n\
         //!\n\
         //! Whoever changes the rules on purpose deletes this, and the journal beside it.\n\
         \n\
         #[test]\n\
         fn the_match_is_what_it_was() {{\n    \
             {fill_in}syncline_server::assert_replays::<{game}>(include_bytes!(\"{name}.journal\"));\n\
         }}\n"
    )
}

/// The manifest of a package for the test alone.
fn manifest_text(name: &str, game: &str, game_type: Option<&str>) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Where this was built may be another machine.
    let source = |path: &str| {
        let found = here.join(path).canonicalize();
        let shown = found.map(|path| path.display().to_string());
        format!("{:?}", shown.as_deref().unwrap_or(UNKNOWN))
    };
    let library = game_type.and_then(|path| path.split("::").next());
    let games = match library {
        Some(library) if library == SHIPPED.0 => {
            let path = source(SHIPPED.1);
            format!("syncline-games = {{ path = {path} }}")
        }
        library => {
            let package = library.unwrap_or("game").replace('_', "-");
            format!(
                "# The crate of {game}.\n\
                 {package} = {{ path = \"{UNKNOWN}\" }}"
            )
        }
    };
    let server = source(".");
    format!(
        "# A recorded match of {game} as a test: `cargo test` runs it again.\n\
         [package]\n\
         name = \"{name}\"\n\
         version = \"0.0.0\"\n\
         edition = \"2024\"\n\
         publish = false\n\
         \n\
         [dependencies]\n\
         {games}\n\
         syncline-server = {{ path = {server} }}\n\
         \n\
         [workspace]\n\
         \n\
         # As where the game is developed: matches are long, and the builds are shared.\n\
         [profile.dev]\n\
         debug = \"line-tables-only\"\n\
         opt-level = 1\n\
         \n\
         [profile.dev.package.\"*\"]\n\
         debug = false\n\
         opt-level = 1\n\
         \n\
         [profile.dev.build-override]\n\
         opt-level = 0\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_called_as_its_journal() {
        for (file, name) in [
            (
                "data/2026-11-22T11-19-10Z-arena-room1-1.open.journal",
                "replay_2026_11_22t11_19_10z_arena_room1_1",
            ),
            ("finals.journal", "replay_finals"),
            ("Größe 2", "replay_gr__e_2"),
        ] {
            assert_eq!(test_name(Path::new(file)), name);
        }
    }

    #[test]
    fn what_is_not_known_is_to_be_filled_in() {
        let manifest = manifest_text("replay_x", "snails", Some("stranger::SnailRace"));
        assert!(manifest.contains("stranger = { path = \"FILL IN\" }"));
        let manifest = manifest_text("replay_x", "arena", Some("syncline_games::arena::Arena"));
        assert!(!manifest.contains(UNKNOWN), "{manifest}");
    }
}
