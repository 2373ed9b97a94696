//! Frames out of bytes, however those are cut.
//!
//! Holds at most one frame that is not whole yet, which has bounds of its own. Knows nothing of what
//! a frame is for.

use super::frame::{Command, Frame, unescape};

/// The most bytes of a frame's command and headers.
pub(super) const HEAD_BYTES_MAX: usize = 4096;

/// The most headers of a frame.
pub(super) const HEADERS_MAX: usize = 32;

/// The most bytes of a frame's body: more than a line of chat may have.
pub(super) const BODY_BYTES_MAX: usize = 4096;

/// What is wrong with bytes that are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParseError {
    /// The command and headers are too long, or there are too many.
    #[error("a frame may have {HEADERS_MAX} headers and {HEAD_BYTES_MAX} bytes before its body")]
    HeadTooLarge,
    /// The body is too long.
    #[error("a body may have {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
    /// There is no such command.
    #[error("there is no command {0:?} in STOMP 1.2")]
    UnknownCommand(String),
    /// Anything else.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Takes bytes and gives frames.
#[derive(Debug, Default)]
pub(super) struct Parser {
    bytes: Vec<u8>,
}

/// What came before a body, and how long it is.
struct Head {
    command: Command,
    headers: Vec<(String, String)>,
    bytes: usize,
}

impl Parser {
    /// More bytes have come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if it is all there. After an error there is no use in going on.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, ParseError> {
        let beats = heart_beats(&self.bytes)?;
        self.bytes.drain(..beats);
        let Some(head) = head(&self.bytes)? else {
            return Ok(None);
        };
        let Head {
            command,
            headers,
            bytes: begins,
        } = head;
        let mut frame = Frame {
            command,
            headers,
            body: Vec::new(),
        };
        let rest = self.bytes.get(begins..).unwrap_or_default();
        let Some(length) = body_bytes(&frame, rest)? else {
            return Ok(None);
        };
        if length > 0 && !command.has_body() {
            return Err(ParseError::Malformed("this command has no body"));
        }
        frame.body = rest.get(..length).unwrap_or_default().to_vec();
        // With the zero behind it.
        self.bytes.drain(..=begins + length);
        Ok(Some(frame))
    }
}

/// How many bytes at the beginning are ends of lines: signs of life.
fn heart_beats(bytes: &[u8]) -> Result<usize, ParseError> {
    let mut count = 0;
    loop {
        match bytes.get(count..).unwrap_or_default() {
            [b'\n', ..] => count += 1,
            [b'\r', b'\n', ..] => count += 2,
            [b'\r', _, ..] => return Err(ParseError::Malformed("a line ends in a line feed")),
            _ => return Ok(count),
        }
    }
}

/// The head that `bytes` begin with, if all of it is there.
fn head(bytes: &[u8]) -> Result<Option<Head>, ParseError> {
    let mut lines = Vec::new();
    let mut begins = 0;
    loop {
        let rest = bytes.get(begins..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| matches!(byte, b'\n' | 0)) else {
            return if bytes.len() > HEAD_BYTES_MAX {
                Err(ParseError::HeadTooLarge)
            } else {
                Ok(None)
            };
        };
        if rest.get(length) == Some(&0) {
            let words = "an empty line stands between headers and body";
            return Err(ParseError::Malformed(words));
        }
        begins += length + 1;
        // Command and empty line aside.
        if begins > HEAD_BYTES_MAX || lines.len() > HEADERS_MAX + 1 {
            return Err(ParseError::HeadTooLarge);
        }
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut lines = lines.into_iter().map(|line| {
        let text = str::from_utf8(line).ok();
        text.filter(|text| !text.contains('\r'))
            .ok_or(ParseError::Malformed(
                "a head is UTF-8 without lone returns",
            ))
    });
    let command = lines.next().unwrap_or(Ok(""))?;
    let unknown = || ParseError::UnknownCommand(command.chars().take(16).collect());
    let command = Command::named(command).ok_or_else(unknown)?;
    let headers: Result<Vec<_>, _> = lines.map(|line| header(command, line?)).collect();
    let headers = headers?;
    if headers.len() > HEADERS_MAX {
        return Err(ParseError::HeadTooLarge);
    }
    Ok(Some(Head {
        command,
        headers,
        bytes: begins,
    }))
}

/// The header in a line. A colon in a value should be an escape; nobody is harmed if it is none.
fn header(command: Command, line: &str) -> Result<(String, String), ParseError> {
    let parts = line.split_once(':').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or(ParseError::Malformed("a header is NAME:VALUE"))?;
    if !command.is_escaped() {
        return Ok((name.to_owned(), value.to_owned()));
    }
    let both = unescape(name).zip(unescape(value));
    both.ok_or(ParseError::Malformed(
        "an escape in a header is one of \\r, \\n, \\c and \\\\",
    ))
}

/// How long the body is that `rest` begins with, if all of it and the zero behind it are there.
fn body_bytes(frame: &Frame, rest: &[u8]) -> Result<Option<usize>, ParseError> {
    let Some(length) = frame.header("content-length") else {
        let searched = rest.get(..=BODY_BYTES_MAX).unwrap_or(rest);
        let end = searched.iter().position(|byte| *byte == 0);
        return match end {
            None if rest.len() > BODY_BYTES_MAX => Err(ParseError::BodyTooLarge),
            end => Ok(end),
        };
    };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(ParseError::Malformed("content-length is a number of bytes"));
    }
    // What is too long for a number is too long.
    let length: usize = length.parse().unwrap_or(usize::MAX);
    if length > BODY_BYTES_MAX {
        return Err(ParseError::BodyTooLarge);
    }
    match rest.get(length) {
        None => Ok(None),
        Some(0) => Ok(Some(length)),
        Some(_) => Err(ParseError::Malformed("a zero follows a body")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All frames in `bytes`, which come in pieces that end at `cuts`.
    fn parsed(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Frame>, ParseError> {
        let mut parser = Parser::default();
        let mut frames = Vec::new();
        let mut begin = 0;
        for end in cuts.iter().copied().chain([bytes.len()]) {
            parser.push(&bytes[begin..end]);
            begin = end;
            while let Some(frame) = parser.next()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    fn one(text: &str) -> Result<Frame, ParseError> {
        parsed(text.as_bytes(), &[]).map(|frames| match <[Frame; 1]>::try_from(frames) {
            Ok([frame]) => frame,
            Err(frames) => panic!("{text:?} is {frames:?}"),
        })
    }

    prop_compose! {
        /// Any frame that can be written.
        fn frames()(
            command in prop::sample::select(&Command::ALL[..]),
            headers in prop::collection::vec(("[^\u{0}]{1,20}", "[^\u{0}]{0,40}"), 0..8),
            body in prop::collection::vec(any::<u8>(), 0..64),
        ) -> Frame {
            let plain = |text: &String| text.replace(['\r', '\n', ':'], "-");
            let mut frame = Frame::new(command);
            for (name, value) in &headers {
                let is_length = name == "content-length";
                let name = if is_length { "length" } else { name };
                frame = if command.is_escaped() {
                    frame.with(name, value.clone())
                } else {
                    frame.with(&plain(&name.to_owned()), plain(value))
                };
            }
            if command.has_body() {
                frame.with_body("application/octet-stream", body)
            } else {
                frame
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            frames in prop::collection::vec(frames(), 1..4),
            beats in "(\n|\r\n){0,3}",
        ) {
            let mut bytes = Vec::new();
            for frame in &frames {
                bytes.extend(frame.encode());
                bytes.extend(beats.as_bytes());
            }
            for cut in 0..=bytes.len() {
                prop_assert_eq!(parsed(&bytes, &[cut]), Ok(frames.clone()));
            }
            let each: Vec<usize> = (0..bytes.len()).collect();
            prop_assert_eq!(parsed(&bytes, &each), Ok(frames));
        }

        #[test]
        fn whatever_comes_it_is_frames_or_a_reason(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            cut in 0usize..300,
        ) {
            let cut = cut.min(bytes.len());
            let whole = parsed(&bytes, &[]);
            prop_assert_eq!(parsed(&bytes, &[cut]).is_ok(), whole.is_ok());
        }

        /// Nearly right, which is further than arbitrary bytes get.
        #[test]
        fn a_damaged_frame_panics_nobody(
            frame in frames(),
            at in any::<prop::sample::Index>(),
            byte: u8,
        ) {
            let mut bytes = frame.encode();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = parsed(&bytes, &[at]);
        }

        #[test]
        fn nothing_is_held_without_bound(byte in 1u8..=255, head: bool) {
            let mut parser = Parser::default();
            if !head {
                parser.push(b"SEND\n\n");
            }
            let piece = [byte; 64];
            let mut pushed = 0;
            while matches!(parser.next(), Ok(None)) && pushed < 10_000 {
                parser.push(&piece);
                pushed += piece.len();
            }
            let held = parser.bytes.len();
            prop_assert!(held <= HEAD_BYTES_MAX.max(BODY_BYTES_MAX) + 2 * piece.len(), "{held}");
        }
    }

    #[test]
    fn lines_end_with_or_without_a_return() {
        let frame = one("SEND\r\ndestination:/topic/a\r\n\r\nhi\r\n\0").unwrap();
        assert_eq!(frame.header("destination"), Some("/topic/a"));
        assert_eq!(frame.body, b"hi\r\n");
        assert_eq!(
            one("\n\r\nBEGIN\ntransaction:1\n\n\0\n").unwrap().command,
            Command::Begin
        );
    }

    #[test]
    fn of_headers_with_one_name_the_first_counts() {
        let frame = one("MESSAGE\nfoo:World\nfoo:Hello\n\n\0").unwrap();
        assert_eq!(frame.header("foo"), Some("World"));
        assert_eq!(frame.header("bar"), None);
    }

    #[test]
    fn escapes_are_undone_but_in_a_greeting() {
        let frame = one("SEND\na\\cb:\\\\ \\n\\r:\n\n\0").unwrap();
        assert_eq!(frame.header("a:b"), Some("\\ \n\r:"));
        let greeting = one("CONNECT\npasscode:a\\b\\n\n\n\0").unwrap();
        assert_eq!(greeting.header("passcode"), Some("a\\b\\n"));
    }

    #[test]
    fn a_length_lets_a_body_have_zeros() {
        let frame = one("SEND\ncontent-length:3\n\na\0b\0").unwrap();
        assert_eq!(frame.body, b"a\0b");
        assert_eq!(one("SEND\n\na\0").unwrap().body, b"a");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let many = format!("SEND\n{}\n\0", "a:b\n".repeat(HEADERS_MAX + 1));
        let long = format!("SEND\na:{}\n\n\0", "b".repeat(HEAD_BYTES_MAX));
        let body = format!("SEND\n\n{}\0", "b".repeat(BODY_BYTES_MAX + 1));
        for (text, words) in [
            ("HELLO\n\n\0", "no command \"HELLO\""),
            ("connect\n\n\0", "no command"),
            ("SEND\nno colon\n\n\0", "NAME:VALUE"),
            ("SEND\n:b\n\n\0", "NAME:VALUE"),
            ("SEND\na:\\t\n\n\0", "an escape"),
            ("SEND\na:\\", "an escape"),
            ("SEND\0", "an empty line"),
            ("SEND\na:b\rc\n\n\0", "lone returns"),
            ("\rSEND\n\n\0", "line feed"),
            ("SEND\ncontent-length:+1\n\na\0", "number of bytes"),
            ("SEND\ncontent-length:1\n\nab\0", "a zero follows"),
            (
                "SEND\ncontent-length:99999999999999999999\n\n",
                "4096 bytes",
            ),
            ("SUBSCRIBE\n\nbody\0", "no body"),
            (&many, "32 headers"),
            (&long, "4096 bytes before"),
            (&body, "a body may have"),
        ] {
            let text = if text.ends_with('\\') {
                format!("{text}\n\n\0")
            } else {
                text.to_owned()
            };
            let problem = one(&text).unwrap_err().to_string();
            assert!(problem.contains(words), "{text:?}: {problem}");
        }
        let most = format!(
            "SEND\n{}\n{}\0",
            "a:b\n".repeat(HEADERS_MAX),
            "b".repeat(BODY_BYTES_MAX)
        );
        assert_eq!(one(&most).unwrap().body.len(), BODY_BYTES_MAX);
    }
}
