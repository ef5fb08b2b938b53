//! What [`Modelled`](super::channel::Modelled) does on the wire for each message.

use super::case::{Event, Wish};
use super::protocol::Body;
use phx_runtime::testing::Version;

pub(super) const CLOSE: &str = r#""phx_close",{}"#;
pub(super) const ERROR: &str = r#""phx_error",{"reason":"channel_crash"}"#;
pub(super) const OK: &str = r#"{"response":{},"status":"ok"}"#;
pub(super) const UNMATCHED_TOPIC: &str = r#"{"response":{"reason":"unmatched topic"},"status":"error"}"#;

const UNMATCHED_EVENT: &str = r#"{"response":{"reason":"unmatched event"},"status":"error"}"#;
const NO_NUMBER: &str = r#"{"response":{"reason":"invalid payload","detail":"invalid type: map, expected u64 at line 1 column 0"},"status":"error"}"#;
const NO_STRING: &str = r#"{"response":{"reason":"invalid payload","detail":"invalid type: map, expected a string at line 1 column 0"},"status":"error"}"#;

#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    Reply(&'static str),
    /// Replies with the payload of the message and this status.
    Return(&'static str),
    Push,
    PushList,
    Broadcast,
    /// Broadcasts what the channel itself intercepts.
    Whisper,
    /// Ends with this event, and handles no more.
    End(&'static str),
}

/// What handling a message brings about, in order.
pub(super) fn effects(body: Body, version: Version) -> &'static [Effect] {
    use Effect::{Broadcast, End, Push, PushList, Reply, Return, Whisper};
    let event = match body {
        Body::Leave => return &[Reply(OK), End(CLOSE)],
        Body::Push(event) => event,
        Body::Heartbeat | Body::Join(_) => return &[],
    };
    match event {
        Event::Echo | Event::SlowEcho => &[Return("ok")],
        Event::Error => &[Return("error")],
        Event::NoReply => &[],
        Event::BadPayload => &[Reply(NO_NUMBER)],
        Event::Unmatched(_) => &[Reply(UNMATCHED_EVENT)],
        Event::Push => &[Push],
        Event::Broadcast => &[Broadcast, Reply(OK)],
        Event::Whisper => &[Whisper, Reply(OK)],
        Event::Stop => &[End(CLOSE)],
        Event::StopReply => &[Reply(OK), End(CLOSE)],
        // A push that is no object (§3.1, §3.2).
        Event::PushList if version == Version::V1 => &[PushList, Reply(OK)],
        Event::StopError | Event::Panic | Event::PushList => &[End(ERROR)],
    }
}

/// The answer to a join, and whether it is joined then.
pub(super) fn outcome(wish: Wish) -> (&'static str, bool) {
    match wish {
        Wish::Ok | Wish::Slow => (OK, true),
        Wish::Refuse => (r#"{"response":{"reason":"unauthorized"},"status":"error"}"#, false),
        Wish::Panic => (r#"{"response":{"reason":"join crashed"},"status":"error"}"#, false),
        Wish::BadPayload => (NO_STRING, false),
    }
}
