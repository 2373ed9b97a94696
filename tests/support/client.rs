//! A client that says exactly what it is told, right or wrong, and tells what it hears.
//!
//! Not a player: that is the client core. It acknowledges what it receives, so that it keeps being
//! told, unless it is asked not to.

use futures_util::{SinkExt, StreamExt};
use syncline_shared::close::CloseReason;
use syncline_shared::codec;
use syncline_shared::command::{CommandMessage, CommandOutcome};
use syncline_shared::input::{InputBatch, InputFrame};
use syncline_shared::message::control::{
    ClientControl, CreateOptions, Hello, PhaseInfo, RoomSelector, ServerControl, Welcome,
};
use syncline_shared::message::frame::FrameSection;
use syncline_shared::message::{SUBPROTOCOL, SectionKind, sections, write_section};
use syncline_shared::schema::Schema;
use syncline_shared::tick::Tick;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::host::{Host, Socket};
use super::lab::LabCommand;
use super::{soon, tunnel};

/// An open WebSocket to a server.
pub(crate) struct Client {
    socket: WebSocketStream<Socket>,
    /// What was heard and not asked for yet.
    heard: std::collections::VecDeque<Heard>,
    /// Once welcomed.
    schema: Option<Schema>,
    /// Messages received.
    received: u32,
    incarnation: u32,
    acknowledges: bool,
}

/// Something that a server said.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A control message.
    Control(ServerControl),
    /// A snapshot tick.
    Frame(Tick),
    /// A WebSocket ping.
    Ping,
    /// The end: the close frame's code and text, or nothing if the connection just ended.
    End(Option<(u16, String)>),
}

/// A hello that any server takes: quick play in its default game.
pub(crate) fn hello() -> Hello {
    Hello {
        name: "Ada".to_owned(),
        ..Hello::default()
    }
}

/// A hello for a new room of `game`.
pub(crate) fn create(game: &str, options: CreateOptions) -> Hello {
    Hello {
        game: Some(game.to_owned()),
        room: RoomSelector::Create(options),
        ..hello()
    }
}

/// A hello for the room that another was welcomed to.
pub(crate) fn follow(welcome: &Welcome) -> Hello {
    Hello {
        room: RoomSelector::Code(welcome.code),
        ..hello()
    }
}

/// A hello that takes up the session of an earlier welcome.
pub(crate) fn resume(welcome: &Welcome) -> Hello {
    Hello {
        resume: Some(welcome.resume_token.clone()),
        ..hello()
    }
}

/// A message of one section.
pub(crate) fn section(kind: SectionKind, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    write_section(kind, body, &mut message);
    message
}

/// A message of one control section.
pub(crate) fn control(control: &ClientControl) -> Vec<u8> {
    section(SectionKind::Control, &control.encode())
}

/// A hello as a message.
pub(crate) fn greeting(hello: Hello) -> Vec<u8> {
    control(&ClientControl::Hello(Box::new(hello)))
}

impl Client {
    /// Opens a WebSocket and says nothing.
    pub(crate) async fn connect(host: &Host) -> Self {
        Self::connect_from(host, None).await
    }

    /// The same in the name of somebody at an address, as a proxy does.
    pub(crate) async fn connect_from(host: &Host, address: Option<&str>) -> Self {
        let url = format!("ws://{}/play", host.address);
        let mut request = url.into_client_request().unwrap();
        let subprotocol = SUBPROTOCOL.parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", subprotocol);
        if let Some(address) = address {
            let address = address.parse().unwrap();
            request.headers_mut().insert("x-forwarded-for", address);
        }
        let socket = host.open().await;
        let opening = tokio_tungstenite::client_async(request, socket);
        let (socket, response) = soon("a handshake", opening).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        Self::on(socket)
    }

    /// Opens a tunnel, which polls or reads a streamed answer, and says nothing.
    pub(crate) async fn tunnel(host: &Host, polls: bool) -> Self {
        let socket = tunnel::socket(host, polls).await;
        Self::on(WebSocketStream::from_raw_socket(socket, Role::Client, None).await)
    }

    fn on(socket: WebSocketStream<Socket>) -> Self {
        Self {
            socket,
            heard: std::collections::VecDeque::new(),
            schema: None,
            received: 0,
            incarnation: 0,
            acknowledges: true,
        }
    }

    /// Opens a WebSocket, says `hello` and is welcomed.
    pub(crate) async fn join(host: &Host, hello: Hello) -> (Self, Welcome) {
        Self::connect(host).await.greet(hello).await
    }

    /// Says `hello` and is welcomed.
    pub(crate) async fn greet(mut self, hello: Hello) -> (Self, Welcome) {
        self.send(greeting(hello)).await;
        let welcome = self.welcome().await;
        (self, welcome)
    }

    /// Opens a WebSocket, says `hello` and is not welcomed.
    pub(crate) async fn refused(host: &Host, hello: Hello) -> (CloseReason, String) {
        let mut client = Self::connect(host).await;
        client.send(greeting(hello)).await;
        client.closed().await
    }

    /// Somebody at an address says `hello`, and is not welcomed.
    pub(crate) async fn refused_from(
        host: &Host,
        address: &str,
        hello: Hello,
    ) -> (CloseReason, String) {
        let mut client = Self::connect_from(host, Some(address)).await;
        client.send(greeting(hello)).await;
        client.closed().await
    }

    /// From now on nothing is acknowledged.
    pub(crate) fn stop_acknowledging(&mut self) {
        self.acknowledges = false;
    }

    /// From now on everything is acknowledged again, what was received before at once.
    pub(crate) async fn acknowledge_again(&mut self) {
        self.acknowledges = true;
        self.send_inputs(Vec::new()).await;
    }

    /// Sends a binary message.
    pub(crate) async fn send(&mut self, message: Vec<u8>) {
        self.socket
            .send(Message::Binary(message.into()))
            .await
            .unwrap();
    }

    /// Sends a text message.
    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Writes bytes to the socket, past WebSocket.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.unwrap();
    }

    /// Sends a WebSocket ping. A server that has closed does not mind.
    pub(crate) async fn send_ping(&mut self) {
        let _ = self.socket.send(Message::Ping(Vec::new().into())).await;
    }

    /// Sends inputs.
    pub(crate) async fn send_inputs(&mut self, frames: Vec<InputFrame>) {
        let schema = self.schema.as_ref().expect("welcomed with a schema");
        let (incarnation, received) = (self.incarnation, self.received);
        let batch = InputBatch {
            incarnation,
            received,
            frames: frames.into(),
            ..InputBatch::default()
        };
        let mut body = Vec::new();
        batch.encode(schema.input(), &mut body);
        // The server may have closed meanwhile; what it said is for whoever listens next.
        let message = section(SectionKind::Input, &body);
        let _ = self.socket.send(Message::Binary(message.into())).await;
    }

    /// Asks the laboratory for something.
    pub(crate) async fn ask(&mut self, sequence: u32, command: &LabCommand) {
        let mut body = Vec::new();
        CommandMessage {
            incarnation: self.incarnation,
            sequence,
            payload: codec::encode(command),
        }
        .encode(&mut body);
        self.send(section(SectionKind::Command, &body)).await;
    }

    /// The timeline that the client was told of last.
    pub(crate) fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The next thing that the server says.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return heard;
            }
            let next = soon("a word from the server", self.socket.next()).await;
            match next {
                Some(Ok(Message::Binary(message))) => self.take_in(&message).await,
                Some(Ok(Message::Ping(_))) => return Heard::Ping,
                Some(Ok(Message::Pong(_))) => {}
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Heard::End(Some((frame.code.into(), frame.reason.to_string())));
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Heard::End(None),
                Some(Ok(other)) => panic!("a server does not send this: {other:?}"),
            }
        }
    }

    async fn take_in(&mut self, message: &[u8]) {
        self.received += 1;
        for section in sections(message) {
            let (kind, body) = section.unwrap();
            self.heard.push_back(match kind {
                SectionKind::Control => Heard::Control(ServerControl::decode(body).unwrap()),
                SectionKind::Frame => Heard::Frame(FrameSection::decode(body).unwrap().tick),
                SectionKind::Input | SectionKind::Command => panic!("{kind:?} from a server"),
            });
            let phase = match self.heard.back() {
                Some(Heard::Control(ServerControl::Welcome(welcome))) => {
                    let schema = welcome.schema.as_deref().map(Schema::decode);
                    self.schema = schema.map(Result::unwrap);
                    &welcome.state.phase
                }
                Some(Heard::Control(ServerControl::Room(update))) => &update.phase,
                _ => continue,
            };
            if let Some(PhaseInfo::Running { incarnation, .. }) = phase {
                self.incarnation = *incarnation;
            }
        }
        if self.acknowledges && self.schema.is_some() {
            self.send_inputs(Vec::new()).await;
        }
    }

    /// The next control message that `choose` wants; others and frames are let pass.
    pub(crate) async fn control<T>(&mut self, choose: impl Fn(ServerControl) -> Option<T>) -> T {
        loop {
            match self.hear().await {
                Heard::Control(control) => {
                    if let Some(chosen) = choose(control) {
                        return chosen;
                    }
                }
                Heard::Frame(_) | Heard::Ping => {}
                Heard::End(end) => panic!("the connection ended: {end:?}"),
            }
        }
    }

    /// The welcome.
    pub(crate) async fn welcome(&mut self) -> Welcome {
        let welcome = |control| match control {
            ServerControl::Welcome(welcome) => Some(*welcome),
            _ => None,
        };
        self.control(welcome).await
    }

    /// The answer to a hello, whatever it is.
    pub(crate) async fn answer(&mut self) -> Result<Welcome, (CloseReason, String)> {
        match self.hear().await {
            Heard::Control(ServerControl::Welcome(welcome)) => Ok(*welcome),
            Heard::End(Some((code, text))) => {
                let reason = CloseReason::from_code(code).expect("a code of the table");
                Err((reason, text))
            }
            other => panic!("no answer to a hello: {other:?}"),
        }
    }

    /// The answer to the command with this number.
    pub(crate) async fn reply(&mut self, to: u32) -> CommandOutcome {
        let reply = |control| match control {
            ServerControl::CommandReply { sequence, outcome } if sequence == to => Some(outcome),
            _ => None,
        };
        self.control(reply).await
    }

    /// Asks for a sign of life, and gets it. Asks again where much else is told first: a ping
    /// measures time, so it is not answered late but not at all.
    pub(crate) async fn ping(&mut self, nonce: u32) {
        loop {
            self.send(control(&ClientControl::Ping { nonce })).await;
            for _ in 0..64 {
                match self.hear().await {
                    Heard::Control(ServerControl::Pong { nonce: of, .. }) if of == nonce => return,
                    Heard::Control(_) | Heard::Frame(_) | Heard::Ping => {}
                    Heard::End(end) => panic!("the connection ended: {end:?}"),
                }
            }
        }
    }

    /// The next snapshot tick.
    pub(crate) async fn frame(&mut self) -> Tick {
        loop {
            match self.hear().await {
                Heard::Frame(tick) => return tick,
                Heard::Control(_) | Heard::Ping => {}
                Heard::End(end) => panic!("the connection ended: {end:?}"),
            }
        }
    }

    /// Why the server closes the connection, and its words for it.
    pub(crate) async fn closed(&mut self) -> (CloseReason, String) {
        loop {
            if let Heard::End(end) = self.hear().await {
                let (code, text) = end.expect("a close frame before the end");
                let reason = CloseReason::from_code(code).expect("a code of the table");
                assert!(
                    text.starts_with(reason.slug()),
                    "{text:?} names another reason"
                );
                return (reason, text);
            }
        }
    }
}
