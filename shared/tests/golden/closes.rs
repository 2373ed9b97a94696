//! The table of close reasons.

use serde_json::{Value, json};
use syncline_shared::close::{CloseReason, Fault, Then};

use crate::file::Golden;

pub(crate) const CLOSES: Golden = Golden {
    name: "close",
    about: "Why a session ends: the WebSocket close code, the name that begins the close frame's \
            text, whose fault it is, and what the client does next (`retry` after so many seconds).",
    vectors: || CloseReason::ALL.iter().map(|&reason| row(reason)).collect(),
};

fn row(reason: CloseReason) -> Value {
    json!({
        "name": reason.slug(),
        "code": reason.code(),
        "fault": fault(reason),
        "then": match reason.then() {
            Then::Never => json!("never"),
            Then::Resume => json!("resume"),
            Then::Rejoin => json!("rejoin"),
            Then::Retry(seconds) => json!({ "retry": seconds }),
        },
    })
}

pub(crate) fn fault(reason: CloseReason) -> &'static str {
    match reason.fault() {
        Fault::Peer => "peer",
        Fault::Server => "server",
        Fault::Neither => "neither",
    }
}

#[test]
fn codes_lead_to_their_reasons() {
    for vector in CLOSES.load() {
        let code = u16::try_from(vector["code"].as_u64().unwrap()).unwrap();
        assert_eq!(row(CloseReason::from_code(code).unwrap()), vector);
    }
}
