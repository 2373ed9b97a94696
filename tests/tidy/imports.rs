//! Modules of one crate use each other in one direction only.
//!
//! Follows `mod` from each crate's root to its files, and `use` and inline paths from file to file.
//! A re-export is looked through: who uses `crate::Tick` depends on the file that defines `Tick`,
//! not on the root that passes it on. Code for tests only may look back at what it tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::{Declared, Names};
use crate::repository::{self, File};
use crate::rust_source;

/// A path through modules, without its leading `crate`.
type ModulePath = Vec<String>;

/// How many re-exports in a row are followed, so that two that name each other don't hang the test.
const RE_EXPORTS_MAX: usize = 8;

/// One file's place in its crate.
#[derive(Debug)]
struct Module {
    file: String,
    names: Names,
}

/// The modules of one crate.
#[derive(Debug, Default)]
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
    /// Declarations without a file.
    lost: Vec<String>,
}

impl Crate {
    /// Reads the crate whose root is `root`, following `mod` declarations.
    fn read(root: &File, files: &[File]) -> Self {
        let mut read = Self::default();
        let mut waiting = vec![(ModulePath::new(), root, root.folder().to_owned())];
        while let Some((path, file, folder)) = waiting.pop() {
            let names = Names::of(&rust_source::shipped_tokens(file));
            for declared in &names.declared {
                let places = places(declared, file, &folder);
                let Some(child) = files.iter().find(|file| places.contains(&file.path)) else {
                    read.lost.push(format!(
                        "{}: no file for module {}",
                        file.path, declared.name
                    ));
                    continue;
                };
                let inner = if child.name() == "mod.rs" || declared.explicit.is_some() {
                    child.folder().to_owned()
                } else {
                    join(&folder, &declared.name)
                };
                let mut child_path = path.clone();
                child_path.push(declared.name.clone());
                waiting.push((child_path, child, inner));
            }
            read.modules.insert(
                path,
                Module {
                    file: file.path.clone(),
                    names,
                },
            );
        }
        read
    }

    /// Where a path in the code of `module` leads, from the root; `None` if out of the crate or to
    /// something local.
    fn absolute(&self, module: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        let first = path.first()?;
        if first == "crate" {
            return Some(path[1..].to_vec());
        }
        let ups = path.iter().take_while(|part| *part == "super").count();
        let mut start = module.to_vec();
        start.truncate(module.len().saturating_sub(ups.saturating_sub(depth)));
        if ups > 0 {
            start.extend_from_slice(&path[ups..]);
            return Some(start);
        }
        if first == "self" {
            start.extend_from_slice(&path[1..]);
            return Some(start);
        }
        start.extend_from_slice(path);
        self.modules
            .contains_key(&start[..=module.len()])
            .then_some(start)
    }

    /// The module that a path from the root leads to, looking through re-exports.
    fn resolve(&self, path: &[String]) -> ModulePath {
        let mut path = path.to_vec();
        for _ in 0..RE_EXPORTS_MAX {
            let depth = self.depth_of_module(&path);
            let Some(name) = path.get(depth) else { break };
            let Some(target) = self.source_of(&path[..depth], name) else {
                break;
            };
            path = target
                .into_iter()
                .chain(path[depth + 1..].iter().cloned())
                .collect();
        }
        path.truncate(self.depth_of_module(&path));
        path
    }

    /// How many parts of `path` are modules.
    fn depth_of_module(&self, path: &[String]) -> usize {
        (0..=path.len())
            .rev()
            .find(|depth| self.modules.contains_key(&path[..*depth]))
            .expect("the root is a module, and its path begins every path")
    }

    /// Where `module` has `name` from, if it is not its own.
    fn source_of(&self, module: &[String], name: &str) -> Option<ModulePath> {
        if module.is_empty() {
            let exports =
                |module: &Module| module.names.exported_macros.iter().any(|own| own == name);
            let home = self.modules.iter().find(|(_, module)| exports(module));
            if let Some((home, _)) = home {
                return Some(home.clone());
            }
        }
        let passed_on = self.modules[module]
            .names
            .imports
            .iter()
            .filter(|import| import.public);
        for import in passed_on {
            let Some(target) = self.absolute(module, &import.path, import.module_depth) else {
                continue;
            };
            if import.name == name {
                return Some(target);
            }
            let source = import.name == "*" && target != module;
            if source
                && self
                    .modules
                    .get(&target)
                    .is_some_and(|from| from.names.items.contains(name))
            {
                return Some(target.into_iter().chain([name.to_owned()]).collect());
            }
        }
        None
    }

    /// The modules that `path` uses, itself left out.
    fn used_by(&self, path: &ModulePath) -> BTreeSet<ModulePath> {
        let names = &self.modules[path].names;
        let mut used = BTreeSet::new();
        for import in &names.imports {
            // Passing a name on is not using it, unless the file's own code names it too.
            let only_passed_on = import.public && !names.identifiers.contains(&import.name);
            if let Some(target) = self.absolute(path, &import.path, import.module_depth)
                && !only_passed_on
            {
                used.insert(self.resolve(&target));
            }
        }
        for inline in &names.paths {
            let head = names
                .imports
                .iter()
                .find(|import| import.name == inline.path[0]);
            let written = match head {
                None => inline.path.clone(),
                Some(head) => head.path.iter().chain(&inline.path[1..]).cloned().collect(),
            };
            if let Some(target) = self.absolute(path, &written, inline.module_depth) {
                used.insert(self.resolve(&target));
            }
        }
        used.remove(path);
        used
    }

    /// One line for each circle that a walk from each module meets.
    fn circles(&self) -> Vec<String> {
        let mut walk = Walk {
            edges: self
                .modules
                .keys()
                .map(|path| (path, self.used_by(path)))
                .collect(),
            trail: Vec::new(),
            done: BTreeSet::new(),
            circles: Vec::new(),
        };
        for start in self.modules.keys() {
            walk.visit(start);
        }
        let name = |path: &ModulePath| self.modules[path].file.clone();
        walk.circles
            .iter()
            .map(|circle| circle.iter().map(name).collect::<Vec<_>>().join(" -> "))
            .collect()
    }
}

/// A depth-first walk along the uses.
struct Walk<'a> {
    edges: BTreeMap<&'a ModulePath, BTreeSet<ModulePath>>,
    trail: Vec<ModulePath>,
    done: BTreeSet<ModulePath>,
    circles: Vec<Vec<ModulePath>>,
}

impl Walk<'_> {
    fn visit(&mut self, path: &ModulePath) {
        if let Some(start) = self.trail.iter().position(|passed| passed == path) {
            let mut circle = self.trail[start..].to_vec();
            circle.push(path.clone());
            self.circles.push(circle);
            return;
        }
        if self.done.contains(path) {
            return;
        }
        self.trail.push(path.clone());
        for target in self.edges[path].clone() {
            self.visit(&target);
        }
        self.trail.pop();
        self.done.insert(path.clone());
    }
}

/// The files that a declaration in `file` may mean, whose submodules are in `folder`.
fn places(declared: &Declared, file: &File, folder: &str) -> Vec<String> {
    match &declared.explicit {
        Some(path) => {
            let mut place: Vec<&str> = file.folder().split('/').collect();
            for part in path.split('/').filter(|part| *part != ".") {
                if part == ".." {
                    place.pop();
                } else {
                    place.push(part);
                }
            }
            vec![place.join("/")]
        }
        None => vec![
            join(folder, &format!("{}.rs", declared.name)),
            join(folder, &format!("{}/mod.rs", declared.name)),
        ],
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn is_root(file: &File) -> bool {
    ["lib.rs", "main.rs"].contains(&file.name()) || file.folder().ends_with("src/bin")
}

fn violations(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| is_root(file))
        .flat_map(|root| {
            let read = Crate::read(root, files);
            let circles = read.circles();
            read.lost.into_iter().chain(circles)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn krate(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(name, text)| File::new(&format!("a/src/{name}"), text))
            .collect();
        violations(&files)
    }

    #[test]
    fn no_crate_has_a_circle() {
        repository::assert_obeyed(&violations(&repository::files_with_extension("rs")));
    }

    #[test]
    fn a_circle_is_reported_with_its_files() {
        let found = krate(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "fn b() { super::c::c() }"),
            ("c/mod.rs", "use crate::{a as d, b::e::f}; mod e;"),
            ("c/e.rs", ""),
        ]);
        assert!(
            found.contains(&"a/src/a.rs -> a/src/b.rs -> a/src/c/mod.rs -> a/src/a.rs".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn one_direction_is_no_circle() {
        let found = krate(&[
            (
                "lib.rs",
                "pub mod a; mod b; pub use b::B; #[macro_use] mod c;",
            ),
            (
                "a.rs",
                "use crate::{B, d}; use super::b; #[cfg(test)] mod tests { use crate::E; }",
            ),
            (
                "b.rs",
                "//! See [`crate::a`].\n use std::fmt; #[cfg(test)] mod tests { use crate::a::A; }",
            ),
            (
                "c.rs",
                "#[macro_export] macro_rules! d { () => { $crate::b::B } }",
            ),
        ]);
        repository::assert_obeyed(&found);
    }

    #[test]
    fn a_re_export_leads_to_where_the_name_is_from() {
        let lib = "pub mod a; pub mod b; pub use a::*;";
        let circle = [
            ("lib.rs", lib),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::A;"),
        ];
        repository::assert_reported(&krate(&circle), "a/src/a.rs -> a/src/b.rs -> a/src/a.rs");
        let line = [
            ("lib.rs", lib),
            ("a.rs", "pub struct A;"),
            ("b.rs", "use crate::A;"),
        ];
        repository::assert_obeyed(&krate(&line));
    }

    #[test]
    fn a_facade_may_pass_on_but_not_use_what_looks_back_at_it() {
        let child = ("a/b.rs", "use super::C; pub struct B;");
        let facade = ("a/mod.rs", "mod b; pub use b::B; pub struct C;");
        repository::assert_obeyed(&krate(&[("lib.rs", "mod a;"), facade, child]));
        let user = (
            "a/mod.rs",
            "mod b; pub use b::B; pub struct C; fn c(b: B) {}",
        );
        repository::assert_reported(
            &krate(&[("lib.rs", "mod a;"), user, child]),
            "a/src/a/mod.rs -> a/src/a/b.rs -> a/src/a/mod.rs",
        );
    }

    #[test]
    fn an_inline_module_looks_up_at_its_own_file() {
        let found = krate(&[
            ("lib.rs", "mod a; fn b() { a::c() }"),
            (
                "a.rs",
                "mod d { use super::E; mod f { use super::super::E; } } struct E;",
            ),
        ]);
        repository::assert_obeyed(&found);
        let found = krate(&[
            ("lib.rs", "mod a; fn b() { a::c() }"),
            ("a.rs", "mod d { use super::super::b; }"),
        ]);
        repository::assert_reported(&found, "a/src/lib.rs -> a/src/a.rs -> a/src/lib.rs");
    }

    #[test]
    fn a_module_without_a_file_is_reported() {
        repository::assert_reported(
            &krate(&[("main.rs", "mod a;")]),
            "a/src/main.rs: no file for module a",
        );
    }
}
