//! Rust text as tokens, so that a rule about code can't trip over a comment or a string.
//!
//! Knows the shape of the language as far as the rules need it: tokens with their lines, inline
//! modules, and what is compiled for tests only. Comments are gone, doc comments are attributes.

use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use crate::repository::File;

/// One token: an identifier, a literal, a bracket, or a mark. `::` is one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
    /// How many inline modules it is inside of.
    pub(crate) module_depth: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub(crate) fn is_identifier(&self) -> bool {
        self.text
            .starts_with(|first: char| first.is_alphabetic() || first == '_')
            && !self.text.contains(['"', '\''])
    }
}

/// All tokens of a file.
///
/// # Panics
///
/// If the text is not Rust: the compiler will say so as well, and better.
pub(crate) fn tokens(file: &File) -> Vec<Token> {
    let mut flat = Vec::new();
    flatten(parse(file), 0, &mut flat);
    flat
}

/// The tokens of a file without the items that carry `#[cfg(test)]`.
///
/// # Panics
///
/// As [`tokens`] does.
pub(crate) fn shipped_tokens(file: &File) -> Vec<Token> {
    let mut flat = Vec::new();
    flatten(without_tests(parse(file)), 0, &mut flat);
    flat
}

fn parse(file: &File) -> TokenStream {
    TokenStream::from_str(&file.text)
        .unwrap_or_else(|error| panic!("{} is not Rust: {error}", file.path))
}

/// Drops each `#[cfg(test)]` with the item that follows it, at every depth.
fn without_tests(stream: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut trees = stream.into_iter();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Group(group) if is_test_condition(&group, kept.last()) => {
                kept.pop();
                skip_item(&mut trees);
            }
            TokenTree::Group(group) => {
                let inside = without_tests(group.stream());
                let mut rebuilt = proc_macro2::Group::new(group.delimiter(), inside);
                rebuilt.set_span(group.span());
                kept.push(TokenTree::Group(rebuilt));
            }
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

fn is_test_condition(group: &proc_macro2::Group, before: Option<&TokenTree>) -> bool {
    let text: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket
        && text == "cfg(test)"
        && matches!(before, Some(TokenTree::Punct(mark)) if mark.as_char() == '#')
}

/// Goes past one item: to the end of its first braces, or to its semicolon.
fn skip_item(trees: &mut impl Iterator<Item = TokenTree>) {
    for tree in trees {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(mark) if mark.as_char() == ';' => return,
            _ => {}
        }
    }
}

fn flatten(stream: TokenStream, module_depth: usize, flat: &mut Vec<Token>) {
    let mut after_colon = false;
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: String, line: usize| {
            flat.push(Token {
                text,
                line,
                module_depth,
            });
        };
        let continues_colon = after_colon;
        after_colon = false;
        match tree {
            TokenTree::Ident(name) => push(name.to_string(), line),
            TokenTree::Literal(value) => push(value.to_string(), line),
            TokenTree::Punct(mark) if mark.as_char() == ':' && continues_colon => {
                let colon = flat.last_mut().expect("the first colon has been pushed");
                colon.text.push(':');
            }
            TokenTree::Punct(mark) => {
                after_colon = mark.as_char() == ':' && mark.spacing() == Spacing::Joint;
                push(mark.as_char().to_string(), line);
            }
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                push(open.to_owned(), line);
                let end = group.span_close().end().line;
                let depth = module_depth + usize::from(opens_module(flat));
                flatten(group.stream(), depth, flat);
                flat.push(Token {
                    text: close.to_owned(),
                    line: end,
                    module_depth,
                });
            }
        }
    }
}

/// Whether the brace that was pushed last is that of `mod name {`.
fn opens_module(flat: &[Token]) -> bool {
    matches!(flat, [.., word, name, open] if word.is("mod") && name.is_identifier() && open.is("{"))
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tokens: &[Token]) -> Vec<&str> {
        tokens.iter().map(|token| token.text.as_str()).collect()
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let file = File::new("a.rs", "// unsafe\nfn a() { \"unsafe\"; 'u'; }");
        let tokens = tokens(&file);
        assert!(!tokens.iter().any(|token| token.is("unsafe")));
        assert_eq!(tokens[0].line, 2);
    }

    #[test]
    fn a_path_separator_is_one_token() {
        let file = File::new("a.rs", "use a::b; fn f(a: ::b::C) {}");
        let joined = texts(&tokens(&file)).join(" ");
        assert_eq!(joined, "use a :: b ; fn f ( a : :: b :: C ) { }");
    }

    #[test]
    fn items_for_tests_only_are_not_shipped() {
        let text = "fn a() {} #[cfg(test)] mod tests { fn b() {} } mod c { #[cfg(test)] use d; fn e() {} }";
        let shipped = shipped_tokens(&File::new("a.rs", text));
        let joined = texts(&shipped).join(" ");
        assert_eq!(joined, "fn a ( ) { } mod c { fn e ( ) { } }");
    }

    #[test]
    fn tokens_know_how_deep_in_inline_modules_they_are() {
        let tokens = tokens(&File::new("a.rs", "fn a() {} mod b { mod c { d!(); } }"));
        let depth = |text| {
            tokens
                .iter()
                .find(|token| token.is(text))
                .unwrap()
                .module_depth
        };
        assert_eq!(
            (depth("a"), depth("b"), depth("c"), depth("d")),
            (0, 0, 1, 2)
        );
    }
}
