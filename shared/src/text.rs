//! Texts that people write for others to read: one line, without what would spoil the lines beside it.
//!
//! What joins emoji and letters stays, so a text of an honest writer stays as it is.

/// A line as others may read it: trimmed, with spaces for line breaks and tabs, without other control
/// characters and without those that turn the direction of what follows them.
pub fn line(text: &str) -> String {
    let space = |c: char| if c.is_whitespace() { ' ' } else { c };
    let shown: String = text.chars().map(space).filter(|c| !is_hidden(*c)).collect();
    shown.trim().to_owned()
}

/// The same, of at most so many characters and bytes; more are cut off. Nothing, if none of it can be
/// seen.
pub fn short_line(text: &str, chars_max: usize, bytes_max: usize) -> String {
    let line = line(text);
    let ends = line.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take(chars_max).take_while(|&end| end <= bytes_max);
    let short = line[..end.last().unwrap_or(0)].trim_end();
    if short.chars().all(is_invisible) {
        return String::new();
    }
    short.to_owned()
}

/// Controls of text and of its direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// What takes part in what can be seen, but can't be seen by itself.
fn is_invisible(c: char) -> bool {
    c == ' '
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200d}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts of characters that do harm more often than others.
    fn text() -> impl Strategy<Value = String> {
        let nasty = prop::sample::select(vec![
            ' ', '\n', '\u{0}', '\u{7f}', '\u{85}', '\u{200b}', '\u{200d}', '\u{200f}', '\u{202e}',
            '\u{2028}', '\u{2069}', '\u{feff}', '\u{3164}', '🚀', 'ß', '\u{301}',
        ]);
        let any = prop_oneof![nasty, any::<char>()];
        prop::collection::vec(any, 0..60).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_stays_as_it_is(text in text()) {
            let once = line(&text);
            prop_assert!(!once.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(once.trim(), &once);
            prop_assert_eq!(line(&once), once);
        }

        #[test]
        fn a_short_line_keeps_to_both_its_bounds(text in text(), chars in 0usize..30, bytes in 0usize..60) {
            let once = short_line(&text, chars, bytes);
            prop_assert!(once.chars().count() <= chars && once.len() <= bytes);
            prop_assert!(once.is_empty() || !once.chars().all(is_invisible));
            prop_assert_eq!(short_line(&once, chars, bytes), once);
        }
    }

    #[test]
    fn texts_are_made_presentable() {
        assert_eq!(line(" a\nb\u{7}\u{202e}c\t"), "a bc");
        assert_eq!(line("👩\u{200d}🚀"), "👩\u{200d}🚀");
        assert_eq!(line("\u{feff}שלום\u{200f}"), "שלום");
        assert_eq!(short_line("ab cd", 3, 99), "ab");
        assert_eq!(short_line("ßßß", 9, 5), "ßß");
        assert_eq!(short_line("\u{3164}\u{200b} \u{2800}", 9, 99), "");
        assert_eq!(short_line("e\u{301}", 9, 99), "e\u{301}");
    }
}
