//! `syncline new`: a crate with a game, its server, a test and a page, to begin with.
//!
//! What is written is the folder `template` beside this crate, with another name and with
//! dependencies that lead to Syncline from where it will be. Knows nothing of games.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;

/// What the template is called, as a package and in Rust.
const NAMES: (&str, &str) = ("my-game", "my_game");

/// How the template's dependencies begin, and what stands behind it.
const DEPENDENCY: &str = "path = \"../../";

/// The most letters of a name: clients name games by it.
const NAME_BYTES_MAX: usize = 32;

/// The template, file by file.
const FILES: [(&str, &str); 8] = [
    (".gitignore", include_str!("../template/gitignore")),
    ("Cargo.toml", include_str!("../template/Cargo.toml")),
    ("README.md", include_str!("../template/README.md")),
    (
        "page/index.html",
        include_str!("../template/page/index.html"),
    ),
    ("page/main.js", include_str!("../template/page/main.js")),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
    ("src/main.rs", include_str!("../template/src/main.rs")),
    ("tests/plays.rs", include_str!("../template/tests/plays.rs")),
];

/// Names of crates that a game's would be mistaken for, and words that are no names in Rust.
const TAKEN: [&str; 51] = [
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
    "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "serde", "slotmap", "static", "std", "struct", "super", "test",
    "tokio", "trait", "true", "try", "type", "unsafe",
];

/// What to write, and where.
#[derive(Args, Debug)]
pub(crate) struct NewOptions {
    /// The folder to make; its last part is the game's name
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where the game finds Syncline: a checkout of it, or the address of a git repository [default:
    /// the checkout that this program was built from]
    #[arg(long, value_name = "WHERE")]
    syncline: Option<String>,
}

/// Writes a new crate and says on `out` what to do with it.
///
/// # Errors
///
/// What is wrong with the name, the folder or the place of Syncline, or what the system says. Nothing
/// was written then, but for what the system did not let be finished.
pub(crate) fn create(options: &NewOptions, out: &mut impl Write) -> Result<(), String> {
    let path = &options.path;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    check(&name)?;
    let home = home(options.syncline.as_deref())?;
    let wrong = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| wrong(parent, &error))?;
    }
    fs::create_dir(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            format!("{} is there already; choose another name", path.display())
        }
        _ => wrong(path, &error),
    })?;
    for (file, text) in FILES {
        let file = path.join(file);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| wrong(folder, &error))?;
        }
        fs::write(&file, filled_in(text, &name, &home)).map_err(|error| wrong(&file, &error))?;
    }
    if let Home::Checkout(checkout) = &home {
        // The versions that Syncline is tested with. Without them cargo chooses.
        let _ = fs::copy(checkout.join("Cargo.lock"), path.join("Cargo.lock"));
    }
    let path = path.display();
    let _ = writeln!(
        out,
        "wrote {path}\n  run   cd {path} && cargo run --release\n  test  cd {path} && cargo test"
    );
    Ok(())
}

/// Where a game finds Syncline.
#[derive(Debug, PartialEq, Eq)]
enum Home {
    Checkout(PathBuf),
    Git(String),
}

/// What a new crate's dependencies lead to.
fn home(said: Option<&str>) -> Result<Home, String> {
    let is_address = |said: &&str| said.contains("://") || said.starts_with("git@");
    if let Some(address) = said.filter(is_address) {
        return Ok(Home::Git(address.to_owned()));
    }
    let built_from = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let checkout = said.map_or_else(built_from, PathBuf::from);
    let is_there = |folder: &&str| checkout.join(folder).join("Cargo.toml").is_file();
    let whole = ["server", "shared", "bot-client"].iter().all(is_there);
    match checkout.canonicalize() {
        Ok(checkout) if whole => Ok(Home::Checkout(checkout)),
        Ok(_) | Err(_) => Err(format!(
            "{} is no checkout of Syncline; name one, or the address of its git repository, by \
             --syncline",
            checkout.display()
        )),
    }
}

/// Whether a crate and a game may be called so.
fn check(name: &str) -> Result<(), String> {
    let is_part = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !part.is_empty() && part.bytes().all(is_letter)
    };
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= NAME_BYTES_MAX
        && name.split('-').all(is_part);
    if !is_name {
        return Err(format!(
            "{name:?} is no name for a game: it begins with a lowercase letter and has up to \
             {NAME_BYTES_MAX} lowercase letters, digits and single dashes"
        ));
    }
    if TAKEN.contains(&name) || name == "syncline" || name.starts_with("syncline-") {
        return Err(format!(
            "{name:?} means something else in Rust; choose another name"
        ));
    }
    Ok(())
}

/// A file of the template for the game called `name`.
fn filled_in(text: &str, name: &str, home: &Home) -> String {
    let text = text.replace(NAMES.0, name);
    let text = text.replace(NAMES.1, &name.replace('-', "_"));
    // In one repository packages are found by their names.
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(DEPENDENCY) {
        let (folder, after) = after.split_once('"').unwrap_or((after, ""));
        let leads = match home {
            Home::Checkout(path) => ("path", path.join(folder).to_string_lossy().into_owned()),
            Home::Git(address) => ("git", address.clone()),
        };
        out.extend([
            before,
            leads.0,
            " = ",
            &toml::Value::String(leads.1).to_string(),
        ]);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(path: &Path, syncline: Option<&str>) -> Result<String, String> {
        let options = NewOptions {
            path: path.to_owned(),
            syncline: syncline.map(ToOwned::to_owned),
        };
        let mut out = Vec::new();
        create(&options, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn read(path: &Path, file: &str) -> String {
        fs::read_to_string(path.join(file)).unwrap()
    }

    #[test]
    fn a_crate_is_written_whole_under_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("games/snow-ball");
        let said = new(&path, None).unwrap();
        assert!(said.contains("cargo run --release"), "{said}");
        for (file, _) in FILES {
            let text = read(&path, file);
            for name in [NAMES.0, NAMES.1, "../../"] {
                assert!(!text.contains(name), "{name} is in {file}");
            }
        }
        let manifest: toml::Table = read(&path, "Cargo.toml").parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("snow-ball"));
        for (kind, package) in [
            ("dependencies", "syncline-server"),
            ("dependencies", "syncline-shared"),
            ("dev-dependencies", "syncline-bot-client"),
        ] {
            let found = manifest[kind][package]["path"].as_str().unwrap();
            let manifest = read(Path::new(found), "Cargo.toml");
            assert!(
                manifest.contains(&format!("name = \"{package}\"")),
                "{found}"
            );
        }
        assert!(read(&path, "src/main.rs").contains("use snow_ball::World;"));
        assert!(read(&path, "src/lib.rs").contains("NAME: &'static str = \"snow-ball\""));
        assert!(path.join("Cargo.lock").is_file());
    }

    #[test]
    fn syncline_may_be_a_git_repository() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("snails");
        new(&path, Some("https://git.example/syncline")).unwrap();
        let manifest: toml::Table = read(&path, "Cargo.toml").parse().unwrap();
        let server = &manifest["dependencies"]["syncline-server"];
        assert_eq!(server["git"].as_str(), Some("https://git.example/syncline"));
        assert_eq!(server.get("path"), None);
        assert_eq!(server["default-features"].as_bool(), Some(false));
    }

    #[test]
    fn what_can_not_be_is_refused_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "",
            "..",
            "My-Game",
            "my_game",
            "1up",
            "-a",
            "a-",
            "a--b",
            "größe",
            "match",
            "test",
            "serde",
            "syncline",
            "syncline-pong",
            "a b",
            &"x".repeat(33),
        ] {
            let path = folder.path().join(name);
            let problem = new(&path, None).unwrap_err();
            assert!(problem.contains("name"), "{name}: {problem}");
        }
        let lost = new(&folder.path().join("snails"), Some("/nowhere")).unwrap_err();
        assert!(lost.contains("--syncline"), "{lost}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let path = folder.path().join("snails");
        new(&path, None).unwrap();
        let before = read(&path, "src/lib.rs");
        let problem = new(&path, None).unwrap_err();
        assert!(problem.contains("is there already"), "{problem}");
        assert_eq!(read(&path, "src/lib.rs"), before);
    }
}
