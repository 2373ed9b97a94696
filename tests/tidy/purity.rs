//! Nothing that a pure crate is built with waits, looks at the clock or draws from the system,
//! no matter how far down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::manifests::{IMPURE_LIBRARIES, PURE_CRATES};
use crate::{packages, repository};

fn violations(metadata: &Value) -> Vec<String> {
    let names: BTreeMap<&str, &str> = packages::list(metadata, "packages")
        .map(|package| {
            (
                packages::text(package, "id"),
                packages::text(package, "name"),
            )
        })
        .collect();
    let nodes: BTreeMap<&str, &Value> = packages::list(&metadata["resolve"], "nodes")
        .map(|node| (packages::text(node, "id"), node))
        .collect();
    let mut found = BTreeSet::new();
    for (start, pure) in names.iter().filter(|(_, name)| PURE_CRATES.contains(name)) {
        let mut reached = BTreeSet::from([*start]);
        let mut waiting = vec![*start];
        while let Some(id) = waiting.pop() {
            for dependency in packages::list(nodes[id], "deps").filter(|one| is_built_in(one)) {
                let below = packages::text(dependency, "pkg");
                if IMPURE_LIBRARIES.contains(&names[below]) {
                    found.insert(format!(
                        "{pure} is built with {} by {}",
                        names[below], names[id]
                    ));
                }
                if reached.insert(below) {
                    waiting.push(below);
                }
            }
        }
    }
    found.into_iter().collect()
}

/// Whether a dependency is more than a tool of the tests or of a build script.
fn is_built_in(dependency: &Value) -> bool {
    packages::list(dependency, "dep_kinds").any(|kind| kind["kind"].is_null())
}

#[test]
fn pure_crates_are_built_with_pure_ones() {
    repository::assert_obeyed(&violations(&packages::metadata()));
}

#[test]
fn an_impure_library_far_down_is_reported() {
    let sample = |kind: Value| {
        json!({
            "packages": [
                { "id": "1", "name": "syncline-shared" },
                { "id": "2", "name": "between" },
                { "id": "3", "name": "getrandom" },
            ],
            "resolve": { "nodes": [
                { "id": "1", "deps": [{ "pkg": "2", "dep_kinds": [{ "kind": kind }] }] },
                { "id": "2", "deps": [{ "pkg": "3", "dep_kinds": [{ "kind": null }] }] },
                { "id": "3", "deps": [] },
            ] },
        })
    };
    let expected = "syncline-shared is built with getrandom by between";
    repository::assert_reported(&violations(&sample(json!(null))), expected);
    repository::assert_obeyed(&violations(&sample(json!("dev"))));
}
