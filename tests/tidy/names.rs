//! What one file of Rust names: the modules that it declares, its imports, the paths in its code.
//!
//! Reads one file's tokens and knows no other file, so it can't say where a name leads.

use std::collections::BTreeSet;

use crate::rust_source::Token;

/// The keywords after which an item's name stands.
const ITEM_KEYWORDS: [&str; 9] = [
    "const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union",
];

/// `mod name;`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// What `#[path = "..."]` before it says.
    pub(crate) explicit: Option<String>,
}

/// One name of a `use`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// The path as written; an empty first part stands for a leading `::`.
    pub(crate) path: Vec<String>,
    /// The name it has here: the path's last part, what `as` says, or `*`.
    pub(crate) name: String,
    pub(crate) public: bool,
    pub(crate) module_depth: usize,
}

/// A path of two or more parts in code that is no `use`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InlinePath {
    pub(crate) path: Vec<String>,
    pub(crate) module_depth: usize,
}

/// Everything that one file names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) declared: Vec<Declared>,
    pub(crate) imports: Vec<Import>,
    pub(crate) paths: Vec<InlinePath>,
    /// Every identifier outside of `use`.
    pub(crate) identifiers: BTreeSet<String>,
    /// The items that are made here, at any depth.
    pub(crate) items: BTreeSet<String>,
    /// Macros with `#[macro_export]`.
    pub(crate) exported_macros: Vec<String>,
}

impl Names {
    /// Reads the tokens of one file.
    pub(crate) fn of(tokens: &[Token]) -> Self {
        let mut names = Self::default();
        let mut exporting = false;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1);
            if token.is("use") && next.is_some_and(|next| next.is_identifier() || next.is("::")) {
                at = names.read_use(tokens, at);
                continue;
            }
            if token.is("mod") && tokens.get(at + 2).is_some_and(|end| end.is(";")) {
                names.declared.push(Declared {
                    name: tokens[at + 1].text.clone(),
                    explicit: explicit_path(&tokens[..at]),
                });
                at += 3;
                continue;
            }
            if token.is("macro_export") {
                exporting = true;
            } else if token.is("macro_rules") && exporting {
                exporting = false;
                names
                    .exported_macros
                    .extend(tokens.get(at + 2).map(|name| name.text.clone()));
            } else if ITEM_KEYWORDS.contains(&token.text.as_str()) {
                names.items.extend(next.map(|name| name.text.clone()));
            }
            if token.is_identifier() {
                names.identifiers.insert(token.text.clone());
                names.paths.extend(inline_path(tokens, at));
            }
            at += 1;
        }
        names
    }

    /// Reads the `use` at `at` and returns where the code goes on.
    fn read_use(&mut self, tokens: &[Token], at: usize) -> usize {
        let public = is_public(&tokens[..at]);
        let mut reader = UseReader {
            tokens,
            at: at + 1,
            found: Vec::new(),
        };
        reader.read_tree(Vec::new());
        let module_depth = tokens[at].module_depth;
        self.imports
            .extend(reader.found.into_iter().map(|(path, name)| Import {
                path,
                name,
                public,
                module_depth,
            }));
        reader.at
    }
}

/// Goes through the tree of one `use`.
struct UseReader<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<(Vec<String>, String)>,
}

impl UseReader<'_> {
    /// Reads one branch that follows `prefix`, up to its comma, brace or semicolon.
    fn read_tree(&mut self, mut prefix: Vec<String>) {
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.text.as_str() {
                "{" => return self.read_branches(&prefix),
                "*" => return self.found.push((prefix, "*".to_owned())),
                "::" if prefix.is_empty() => prefix.push(String::new()),
                "::" => {}
                part => {
                    prefix.push(part.to_owned());
                    if !self.next_is("::") {
                        return self.end_branch(prefix);
                    }
                }
            }
        }
    }

    fn read_branches(&mut self, prefix: &[String]) {
        while !self.next_is("}") && self.at < self.tokens.len() {
            self.read_tree(prefix.to_vec());
            if self.next_is(",") {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn end_branch(&mut self, mut path: Vec<String>) {
        if path.len() > 1 && path.last().is_some_and(|part| part == "self") {
            path.pop();
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.next_is("as") {
            name = self
                .tokens
                .get(self.at + 1)
                .map_or(name, |token| token.text.clone());
            self.at += 2;
        }
        self.found.push((path, name));
    }

    fn next_is(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(text))
    }
}

/// Whether the tokens before a `use` end in `pub` or `pub(...)`.
fn is_public(before: &[Token]) -> bool {
    match before {
        [.., word] if word.is("pub") => true,
        [.., close] if close.is(")") => {
            let open = before.iter().rposition(|token| token.is("("));
            open.is_some_and(|open| open > 0 && before[open - 1].is("pub"))
        }
        _ => false,
    }
}

/// The file that `#[path = "..."]` names, if the tokens before a `mod` end in such an attribute.
fn explicit_path(before: &[Token]) -> Option<String> {
    let item_start = before
        .iter()
        .rposition(|token| token.is(";") || token.is("}"));
    let attributes = &before[item_start.map_or(0, |end| end + 1)..];
    attributes.windows(3).find_map(|words| match words {
        [word, equals, value] if word.is("path") && equals.is("=") => {
            Some(value.text.trim_matches('"').to_owned())
        }
        _ => None,
    })
}

/// The path that begins with the identifier at `at`, if one does.
fn inline_path(tokens: &[Token], at: usize) -> Option<InlinePath> {
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let continues = before.is_some_and(|before| {
        before.is("::") || before.is(".") || (before.is("$") && !tokens[at].is("crate"))
    });
    if continues {
        return None;
    }
    let mut path = vec![tokens[at].text.clone()];
    let mut rest = &tokens[at + 1..];
    while let [separator, part, after @ ..] = rest {
        if !separator.is("::") || !part.is_identifier() {
            break;
        }
        path.push(part.text.clone());
        rest = after;
    }
    (path.len() > 1).then_some(InlinePath {
        path,
        module_depth: tokens[at].module_depth,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::File;
    use crate::rust_source;

    fn names(text: &str) -> Names {
        Names::of(&rust_source::tokens(&File::new("a.rs", text)))
    }

    fn imports(text: &str) -> Vec<String> {
        let public = |import: &Import| if import.public { "pub " } else { "" };
        names(text)
            .imports
            .iter()
            .map(|import| {
                format!(
                    "{}{} as {}",
                    public(import),
                    import.path.join("::"),
                    import.name
                )
            })
            .collect()
    }

    #[test]
    fn the_branches_of_a_use_are_told_apart() {
        let text =
            "use crate::a::{self, b::{C, D as E,}, f::*}; fn g() {} pub(crate) use super::H;";
        let expected = [
            "crate::a as a",
            "crate::a::b::C as C",
            "crate::a::b::D as E",
            "crate::a::f as *",
            "pub super::H as H",
        ];
        assert_eq!(imports(text), expected);
        assert_eq!(
            imports("use ::a::b; pub use c;"),
            ["::a::b as b", "pub c as c"]
        );
    }

    #[test]
    fn captures_are_not_imports() {
        assert!(imports("fn a<'b>(c: &'b u8) -> impl D + use<'b> { c }").is_empty());
    }

    #[test]
    fn declarations_are_found_with_their_files() {
        let declared = names("mod a; #[path = \"../c/b.rs\"] pub mod b; mod c { }").declared;
        assert_eq!(declared.len(), 2);
        assert_eq!(
            (declared[0].name.as_str(), &declared[0].explicit),
            ("a", &None)
        );
        assert_eq!(declared[1].explicit.as_deref(), Some("../c/b.rs"));
    }

    #[test]
    fn paths_in_code_are_found_whole() {
        let found = names("fn a() { b::c::<D>(); e.f::<G>(); $crate::h!(); $i::j(); }").paths;
        let joined: Vec<String> = found.iter().map(|path| path.path.join("::")).collect();
        assert_eq!(joined, ["b::c", "crate::h"]);
    }

    #[test]
    fn exported_macros_and_items_are_found() {
        let found = names(
            "#[macro_export] /// A.\nmacro_rules! a { () => {} } macro_rules! b { } struct C;",
        );
        assert_eq!(found.exported_macros, ["a"]);
        assert!(found.items.contains("C"));
    }
}
