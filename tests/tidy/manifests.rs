//! What the crates' manifests may say: versions in one place, and dependencies that point down.
//!
//! Reads the manifests as they are written, so that a dependency that no feature switches on today
//! is seen as well.

use std::collections::BTreeMap;

use crate::repository::{self, File};

/// Which crates of ours each crate may use. Nothing points up, and a core never sees its shell.
const LAYERS: [(&str, &[&str]); 7] = [
    ("syncline-shared", &[]),
    ("syncline-games", &["syncline-shared"]),
    ("syncline-server-core", &["syncline-shared"]),
    (
        "syncline-client-core",
        &["syncline-shared", "syncline-games"],
    ),
    (
        "syncline-server",
        &[
            "syncline-shared",
            "syncline-games",
            "syncline-server-core",
            "syncline-client-core",
        ],
    ),
    (
        "syncline-bot-client",
        &["syncline-shared", "syncline-games", "syncline-client-core"],
    ),
    (
        "syncline-tests",
        &[
            "syncline-shared",
            "syncline-games",
            "syncline-server-core",
            "syncline-server",
            "syncline-client-core",
            "syncline-bot-client",
        ],
    ),
];

/// The crates that are functions of their arguments.
pub(crate) const PURE_CRATES: [&str; 4] = [
    "syncline-shared",
    "syncline-games",
    "syncline-server-core",
    "syncline-client-core",
];

/// Libraries that wait, look at the clock, draw from the system or share between threads.
pub(crate) const IMPURE_LIBRARIES: [&str; 19] = [
    "async-channel",
    "async-std",
    "axum",
    "chrono",
    "crossbeam",
    "crossbeam-channel",
    "flume",
    "futures-util",
    "getrandom",
    "hyper",
    "mio",
    "parking_lot",
    "rand",
    "rayon",
    "smol",
    "socket2",
    "tokio",
    "tokio-tungstenite",
    "tungstenite",
];

/// The parts of a manifest that list dependencies.
const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// One crate's manifest.
struct Manifest {
    path: String,
    table: toml::Table,
}

/// One line of a dependency table.
struct Dependency<'a> {
    /// The package, even where the crate goes by another name.
    package: &'a str,
    value: &'a toml::Value,
}

impl Manifest {
    fn parse(file: &File) -> Self {
        let table = file
            .text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", file.path));
        Self {
            path: file.path.clone(),
            table,
        }
    }

    fn package_name(&self) -> &str {
        let name = self
            .table
            .get("package")
            .and_then(|package| package.get("name"));
        name.and_then(toml::Value::as_str).unwrap_or_default()
    }

    fn dependencies(&self) -> Vec<Dependency<'_>> {
        let per_target = self
            .table
            .get("target")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(toml::Table::values)
            .filter_map(toml::Value::as_table);
        let mut found = Vec::new();
        for part in std::iter::once(&self.table).chain(per_target) {
            for name in DEPENDENCY_TABLES {
                let table = part.get(name).and_then(toml::Value::as_table);
                for (name, value) in table.into_iter().flatten() {
                    let package = value.get("package").and_then(toml::Value::as_str);
                    found.push(Dependency {
                        package: package.unwrap_or(name),
                        value,
                    });
                }
            }
        }
        found
    }
}

/// The manifests of the workspace's members; one that stands outside of it has its own rules.
fn members(files: &[File]) -> Vec<Manifest> {
    let root = files
        .iter()
        .find(|file| file.path == "Cargo.toml")
        .map(Manifest::parse)
        .expect("the workspace has a manifest");
    let listed = root.table["workspace"]["members"]
        .as_array()
        .expect("members is a list");
    listed
        .iter()
        .map(|member| {
            let folder = member.as_str().expect("a member is a path");
            let path = format!("{folder}/Cargo.toml");
            let file = files.iter().find(|file| file.path == path);
            Manifest::parse(file.unwrap_or_else(|| panic!("{path} is not in the repository")))
        })
        .collect()
}

fn violations(manifest: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    let name = manifest.package_name();
    let allowed = LAYERS.iter().find(|(layer, _)| *layer == name);
    if allowed.is_none() {
        found.push(format!("{name} has no place in the layers"));
    }
    for dependency in manifest.dependencies() {
        let package = dependency.package;
        if !inherits(dependency.value) {
            found.push(format!(
                "{package} has a version outside of the workspace's table"
            ));
        }
        let internal = package.starts_with("syncline-") && package != name;
        if internal && allowed.is_some_and(|(_, below)| !below.contains(&package)) {
            found.push(format!("{name} may not use {package}"));
        }
        if PURE_CRATES.contains(&name) && IMPURE_LIBRARIES.contains(&package) {
            found.push(format!("{name} is pure and may not use {package}"));
        }
    }
    let lints = manifest
        .table
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    if lints.and_then(toml::Value::as_bool) != Some(true) {
        found.push("the workspace's lints are not on".to_owned());
    }
    found
        .into_iter()
        .map(|text| format!("{}: {text}", manifest.path))
        .collect()
}

/// Whether a dependency takes its version from the workspace's table, or has none.
fn inherits(value: &toml::Value) -> bool {
    let says = |key: &str| value.get(key).is_some();
    let from_workspace = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
    (from_workspace || says("path")) && !says("version") && !says("git")
}

#[test]
fn manifests_keep_to_the_layers() {
    let found: Vec<String> = members(&repository::files())
        .iter()
        .flat_map(violations)
        .collect();
    repository::assert_obeyed(&found);
}

#[test]
fn every_layer_is_a_member_and_every_pure_crate_a_layer() {
    let members = members(&repository::files());
    let names: Vec<&str> = members.iter().map(Manifest::package_name).collect();
    for (layer, _) in LAYERS {
        assert!(names.contains(&layer), "{layer} is not a member");
    }
    let layers: BTreeMap<&str, &[&str]> = LAYERS.into_iter().collect();
    for name in PURE_CRATES {
        let below = layers[name];
        assert!(
            below.iter().all(|below| PURE_CRATES.contains(below)),
            "{name}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, rest: &str) -> Vec<String> {
        let text = format!("package.name = \"{name}\"\nlints.workspace = true\n{rest}");
        violations(&Manifest::parse(&File::new("a/Cargo.toml", &text)))
    }

    #[test]
    fn a_version_of_its_own_is_reported() {
        for value in [
            "\"1\"",
            "{ version = \"1\" }",
            "{ git = \"a\" }",
            "{ path = \"b\", version = \"1\" }",
        ] {
            let rest = format!("[dependencies]\nserde = {value}");
            repository::assert_reported(&found("syncline-server", &rest), "serde has a version");
        }
        let inherited =
            "[dependencies]\nserde = { workspace = true, features = [\"rc\"] }\nb.path = \"b\"";
        repository::assert_obeyed(&found("syncline-server", inherited));
    }

    #[test]
    fn a_dependency_that_points_up_is_reported() {
        for table in [
            "dependencies",
            "dev-dependencies",
            "target.'cfg(unix)'.build-dependencies",
        ] {
            let rest = format!("[{table}]\nsyncline-server.workspace = true");
            let expected = "a/Cargo.toml: syncline-bot-client may not use syncline-server";
            repository::assert_reported(&found("syncline-bot-client", &rest), expected);
        }
        let renamed = "[dependencies]\na = { package = \"syncline-games\", workspace = true }";
        repository::assert_reported(
            &found("syncline-shared", renamed),
            "may not use syncline-games",
        );
        repository::assert_reported(&found("syncline-extra", ""), "no place in the layers");
    }

    #[test]
    fn an_impure_library_in_a_pure_crate_is_reported() {
        let rest = "[dev-dependencies]\ntokio.workspace = true";
        repository::assert_reported(
            &found("syncline-games", rest),
            "is pure and may not use tokio",
        );
        repository::assert_obeyed(&found("syncline-server", rest));
    }

    #[test]
    fn lints_that_are_off_are_reported() {
        let manifest = File::new("a/Cargo.toml", "package.name = \"syncline-shared\"");
        repository::assert_reported(&violations(&Manifest::parse(&manifest)), "lints");
    }
}
