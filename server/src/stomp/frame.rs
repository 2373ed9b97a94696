//! A frame of STOMP 1.2, and how it is written.
//!
//! Knows nothing of what a frame is for.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A client's greeting.
    Connect,
    /// The same, by its newer name.
    Stomp,
    /// The server's answer to it.
    Connected,
    /// A client says something.
    Send,
    /// It wants to be told.
    Subscribe,
    /// It does no more.
    Unsubscribe,
    /// It has taken messages in.
    Ack,
    /// It has not.
    Nack,
    /// It begins a transaction.
    Begin,
    /// It wants all of one.
    Commit,
    /// It wants nothing of one.
    Abort,
    /// It goes.
    Disconnect,
    /// Something for a subscription.
    Message,
    /// What a client asked for is done.
    Receipt,
    /// What a client did is wrong, and it is sent away.
    Error,
}

impl Command {
    /// All of them.
    pub(super) const ALL: [Self; 15] = [
        Self::Connect,
        Self::Stomp,
        Self::Connected,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
        Self::Message,
        Self::Receipt,
        Self::Error,
    ];

    /// Its first line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Connected => "CONNECTED",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
            Self::Message => "MESSAGE",
            Self::Receipt => "RECEIPT",
            Self::Error => "ERROR",
        }
    }

    /// The one with this first line.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// Whether its headers are written with escapes. The greetings are not, for those who spoke
    /// STOMP 1.0.
    pub(super) fn is_escaped(self) -> bool {
        !matches!(self, Self::Connect | Self::Connected)
    }

    /// Whether it may have a body.
    pub(super) fn has_body(self) -> bool {
        matches!(self, Self::Send | Self::Message | Self::Error)
    }
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// What it is.
    pub(super) command: Command,
    /// Names and values in their order; of those with one name the first counts.
    pub(super) headers: Vec<(String, String)>,
    /// Empty for most commands.
    pub(super) body: Vec<u8>,
}

impl Frame {
    /// A frame without headers and body.
    pub(super) fn new(command: Command) -> Self {
        Self {
            command,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// With one more header.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With this body, and what it is.
    pub(super) fn with_body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut frame = self.with("content-type", content_type);
        frame = frame.with("content-length", body.len().to_string());
        Self { body, ..frame }
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The bytes that it travels as. A name or value of a greeting must have no line feed, and a body
    /// without `content-length` no zero.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.command.name().to_owned();
        out.push('\n');
        for (name, value) in &self.headers {
            if self.command.is_escaped() {
                escape(name, &mut out);
                out.push(':');
                escape(value, &mut out);
            } else {
                out.push_str(name);
                out.push(':');
                out.push_str(value);
            }
            out.push('\n');
        }
        out.push('\n');
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.body);
        out.push(0);
        out
    }
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            ':' => out.push_str("\\c"),
            '\\' => out.push_str("\\\\"),
            _ => out.push(letter),
        }
    }
}

/// What an escaped text says; nothing if it has an escape that there is not.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => match letters.next()? {
                'r' => '\r',
                'n' => '\n',
                'c' => ':',
                '\\' => '\\',
                _ => return None,
            },
            letter => letter,
        };
        out.push(letter);
    }
    Some(out)
}
