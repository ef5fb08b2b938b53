//! The channels that the tests talk to.

use super::bytes::Bytes;
use super::signals::{report, wait_at_gate};
use crate::model::channel::Modelled;
use phx_runtime::prelude::*;
use phx_runtime::{
    FromPayload, HandleError, IntoReply, Join, JoinError, Joined, Pattern, Segment, Stop, Table,
};
use serde::{Deserialize, Serialize};

pub(crate) struct TestSocket {
    id: Option<String>,
}

#[socket]
impl Socket for TestSocket {
    channel!("phoenix", Lobby);
    channel!("room:lobby", Lobby);
    channel!("room:*", Room);
    channel!("raw:*", Raw);
    channel!("intercept:*", Intercept);
    channel!("typed:*", Typed);
    channel!("bytes:*", Bytes);
    channel!("model:*", Modelled);

    type Params = Params;

    async fn connect(params: Params, info: &ConnectInfo) -> Result<Self, Refused> {
        if let Some(topic) = params.report {
            report(&topic, format!("{:?} {}", info.peer_addr().is_some(), info.uri()));
        }
        match params.refuse.as_deref() {
            None => Ok(Self { id: params.id }),
            Some("panic") => panic!("asked to panic in connect"),
            Some(_) => Err(Refused::new("asked to refuse")),
        }
    }

    fn id(&self) -> Option<String> {
        assert!(self.id.as_deref() != Some("panic"), "asked to panic in id");
        self.id.clone()
    }
}

#[derive(Deserialize)]
pub(crate) struct Params {
    refuse: Option<String>,
    report: Option<String>,
    id: Option<String>,
}

/// An exact topic beside the wildcard that would also match it.
pub(crate) struct Lobby;

#[channel(socket = TestSocket)]
impl Lobby {
    #[join("phoenix")]
    fn join_phoenix() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[join("room:lobby")]
    fn join() -> Result<(Self, &'static str), Refused> {
        Ok((Self, "this is the lobby"))
    }
}

/// One event for each thing a channel can do.
pub(crate) struct Room {
    /// What to do in `terminate`.
    last_words: Option<String>,
    /// `terminate` waits at the gate.
    waits_to_end: bool,
}

impl Room {
    fn new() -> Self {
        Self { last_words: None, waits_to_end: false }
    }
}

struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("cannot be encoded"))
    }
}

struct PushWelcome;

#[channel(socket = TestSocket)]
impl Room {
    #[join("room:refused")]
    fn refused() -> Result<Self, Refused> {
        Err(Refused::new("unauthorized"))
    }

    #[join("room:refused_with_list")]
    fn refused_with_list() -> Result<Self, Vec<u8>> {
        Err(vec![1, 2])
    }

    #[join("room:panics")]
    fn panics() -> Result<Self, Refused> {
        panic!("asked to panic in join")
    }

    #[join("room:unencodable")]
    fn unencodable() -> Result<(Self, Unencodable), Refused> {
        Ok((Self::new(), Unencodable))
    }

    #[join("room:params")]
    fn params(params: Payload) -> Result<(Self, Payload), Refused> {
        Ok((Self::new(), params))
    }

    #[join("room:welcome")]
    fn welcome(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.notify(PushWelcome);
        Ok(Self::new())
    }

    #[join("room:gated:{outcome}:{name}")]
    async fn gated(outcome: String, name: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = name;
        let topic = ctx.topic().to_owned();
        report(&topic, "joining");
        let guard = ReportDrop(topic.clone());
        wait_at_gate(&topic).await;
        std::mem::forget(guard);
        match outcome.as_str() {
            "ok" => Ok(Self::new()),
            _ => Err(Refused::new("no")),
        }
    }

    #[join("room:*")]
    fn any() -> Result<Self, Refused> {
        Ok(Self::new())
    }

    #[handle_info]
    fn push_welcome(&mut self, _: PushWelcome, ctx: &mut Context<Self>) {
        ctx.push("welcome", &serde_json::json!({"text": "hi"}));
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("error")]
    fn error(&mut self, payload: Payload) -> Result<(), Payload> {
        Err(payload)
    }

    #[handle_in("status_only")]
    fn status_only(&mut self) -> Result<(), Refused> {
        Ok(())
    }

    #[handle_in("custom")]
    fn custom(&mut self, payload: Payload) -> Reply {
        Reply::status("custom", &payload)
    }

    #[handle_in("noreply")]
    fn noreply(&mut self) {}

    #[handle_in("maybe")]
    fn maybe(&mut self, reply: bool) -> Option<Reply> {
        reply.then(|| Reply::ok(&()))
    }

    #[handle_in("push")]
    fn push(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("pushed", &payload);
    }

    #[handle_in("broadcast")]
    fn broadcast(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("said", &payload);
        Ok(())
    }

    #[handle_in("broadcast_from")]
    fn broadcast_from(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast_from("said", &payload);
        Ok(())
    }

    #[handle_in("two_replies")]
    fn two_replies(&mut self, ctx: &mut Context<Self>) -> Result<(), HandleErrorText> {
        let deferred = ctx.defer();
        deferred.reply(Ok::<_, Refused>(1))?;
        deferred.reply(Ok::<_, Refused>(2))?;
        Ok(())
    }

    #[handle_in("deferred")]
    fn deferred(&mut self, ctx: &mut Context<Self>) {
        let deferred = ctx.defer();
        let topic = ctx.topic().to_owned();
        tokio::spawn(async move {
            wait_at_gate(&topic).await;
            deferred.reply(Ok::<_, Refused>("later"))
        });
    }

    #[handle_in("gated")]
    async fn gated_event(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        report(ctx.topic(), "handling");
        wait_at_gate(ctx.topic()).await;
        Ok(())
    }

    #[handle_in("last_words")]
    fn last_words(&mut self, event: String) {
        self.last_words = Some(event);
    }

    #[handle_in("panic")]
    fn panic(&mut self) {
        panic!("asked to panic")
    }

    #[handle_in("reply_unencodable")]
    fn reply_unencodable(&mut self) -> Result<Unencodable, Refused> {
        Ok(Unencodable)
    }

    #[handle_in("push_unencodable")]
    fn push_unencodable(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.push("pushed", &Unencodable);
        ctx.push("after", &serde_json::json!({}));
        Ok(())
    }

    #[handle_in("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[handle_in("stop_reply")]
    fn stop_reply(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.stop();
        Ok(())
    }

    #[handle_in("stop_shutdown")]
    fn stop_shutdown(&mut self, ctx: &mut Context<Self>) {
        ctx.stop_with(Stop::Shutdown);
    }

    #[handle_in("stop_shutdown_reply")]
    fn stop_shutdown_reply(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.stop_with(Stop::Shutdown);
        Ok(())
    }

    #[handle_in("stop_error")]
    fn stop_error(&mut self, ctx: &mut Context<Self>) {
        ctx.stop_with(Stop::Error);
    }

    #[handle_in("stop_error_reply")]
    fn stop_error_reply(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Reply {
        ctx.stop_with(Stop::Error);
        Reply::status("custom", &payload)
    }

    #[handle_in("gated_end")]
    fn gated_end(&mut self) {
        self.waits_to_end = true;
    }

    #[handle_in("panic_in_info")]
    fn panic_in_info(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Panic);
    }

    #[handle_info]
    fn panic_now(&mut self, _: Panic) {
        panic!("asked to panic in handle_info")
    }

    #[handle_in("notify_all")]
    fn notify_all(&mut self, count: usize, ctx: &mut Context<Self>) {
        for _ in 0..count {
            ctx.notify(Nothing);
        }
        report(ctx.topic(), "notified");
    }

    #[handle_info]
    fn nothing(&mut self, _: Nothing) {}

    #[terminate]
    async fn terminate(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        if self.waits_to_end {
            report(ctx.topic(), "terminating");
            wait_at_gate(ctx.topic()).await;
        }
        if let Some(event) = &self.last_words {
            assert!(event != "panic", "asked to panic in terminate");
            ctx.push(event, &serde_json::json!({}));
        }
        report(ctx.topic(), format!("{reason:?}"));
    }
}

struct Panic;
struct Nothing;

/// Tells when a join is dropped before it is done.
struct ReportDrop(String);

impl Drop for ReportDrop {
    fn drop(&mut self) {
        report(&self.0, "dropped");
    }
}

#[derive(Serialize)]
struct HandleErrorText(String);

impl From<HandleError> for HandleErrorText {
    fn from(error: HandleError) -> Self {
        Self(error.to_string())
    }
}

/// A channel written by hand against the public trait: it handles any event, and answers with its name.
pub(crate) struct Raw;

impl Channel for Raw {
    type Socket = TestSocket;
    type Data = ();
    const TABLE: Table =
        Table::new(&[Join::new("join", Pattern::prefix("raw:*", &[Segment::Literal("raw")], ""))]);

    async fn join(_: &str, _: Payload, _: &mut Joining<Self>) -> Result<Joined<Self>, JoinError> {
        Ok(Joined { channel: Self, response: Payload::empty() })
    }

    async fn handle_in(
        &mut self,
        event: &str,
        payload: Payload,
        _: &mut Context<Self>,
    ) -> Result<Option<Reply>, HandleError> {
        let payload = Payload::from_payload(payload)?;
        Ok::<_, Refused>((event, payload.decode::<serde_json::Value>()?)).into_reply()
    }
}

/// Broadcasts of `said` go through `handle_out`; those of `plain` do not.
pub(crate) struct Intercept;

#[derive(Serialize, Deserialize)]
struct Said {
    text: String,
}

#[channel(socket = TestSocket)]
impl Intercept {
    #[join("intercept:{name}")]
    fn join(name: String) -> Result<Self, Refused> {
        let _ = name;
        Ok(Self)
    }

    #[handle_in("say")]
    fn say(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("said", &payload);
        Ok(())
    }

    #[handle_in("plain")]
    fn plain(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("plain", &payload);
        Ok(())
    }

    #[handle_in("say_from")]
    fn say_from(&mut self, payload: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast_from("said", &payload);
        Ok(())
    }

    #[handle_out("said")]
    fn said(&mut self, said: Said, ctx: &mut Context<Self>) {
        assert!(said.text != "panic", "asked to panic in handle_out");
        if said.text != "secret" {
            ctx.push("said", &Said { text: format!("{}!", said.text) });
        }
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }
}

/// Typed captures and payloads.
pub(crate) struct Typed {
    id: Option<u64>,
}

#[derive(Deserialize)]
struct Hello {
    name: String,
}

#[channel(socket = TestSocket)]
impl Typed {
    #[join("typed:{id}")]
    fn by_number(id: u64, hello: Hello) -> Result<(Self, String), Refused> {
        Ok((Self { id: Some(id) }, format!("{} at {id}", hello.name)))
    }

    #[join("typed:name:{name}")]
    fn by_name(name: String) -> Result<(Self, String), Refused> {
        Ok((Self { id: None }, name))
    }

    #[handle_in("hello")]
    async fn hello(&mut self, hello: Hello) -> Result<(Option<u64>, String), Refused> {
        Ok((self.id, hello.name))
    }
}
