//! Every dependency is under a licence that `deny.toml` allows.
//!
//! cargo-deny checks the same and more, but has to be installed; this holds wherever tests run.

use std::fs;

use serde_json::{Value, json};
use spdx::{Expression, Licensee, ParseMode};

use crate::{packages, repository};

fn allowed(deny: &str) -> Vec<Licensee> {
    let table: toml::Table = deny.parse().expect("deny.toml is TOML");
    let listed = table["licenses"]["allow"]
        .as_array()
        .expect("allow is a list");
    listed
        .iter()
        .map(|licence| {
            let name = licence.as_str().expect("a licence is a text");
            Licensee::parse(name).expect("an allowed licence is an SPDX identifier")
        })
        .collect()
}

fn violations(metadata: &Value, allowed: &[Licensee]) -> Vec<String> {
    packages::list(metadata, "packages")
        .filter_map(|package| {
            let name = packages::text(package, "name");
            let licence = packages::text(package, "license");
            // Older packages write `MIT/Apache-2.0`.
            let expression = Expression::parse_mode(licence, ParseMode::LAX);
            let fine = expression.is_ok_and(|expression| {
                expression.evaluate(|asked| allowed.iter().any(|licence| licence.satisfies(asked)))
            });
            (!fine).then(|| format!("{name}: licence {licence:?} is not allowed"))
        })
        .collect()
}

#[test]
fn dependencies_have_allowed_licences() {
    let deny =
        fs::read_to_string(repository::root().join("deny.toml")).expect("deny.toml is there");
    let metadata = packages::metadata();
    assert!(
        packages::list(&metadata, "packages").count() > 7,
        "only our own packages"
    );
    repository::assert_obeyed(&violations(&metadata, &allowed(&deny)));
}

#[test]
fn another_licence_is_reported() {
    let allowed =
        allowed("licenses.allow = [\"MIT\", \"Apache-2.0\", \"Apache-2.0 WITH LLVM-exception\"]");
    let found = |licence: Value| {
        violations(
            &json!({ "packages": [{ "name": "a", "license": licence }] }),
            &allowed,
        )
    };
    for fine in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(MIT OR Zlib) AND Apache-2.0 WITH LLVM-exception",
    ] {
        repository::assert_obeyed(&found(json!(fine)));
    }
    for other in [
        json!("MPL-2.0"),
        json!("MIT AND GPL-3.0-only"),
        json!("Ours"),
        json!(""),
        json!(null),
    ] {
        repository::assert_reported(&found(other), "a: licence");
    }
}
