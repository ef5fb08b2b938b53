//! §10: who is present. In the transcripts letters stand for the refs, A for the first that any client of the
//! test has seen.

mod callbacks;
mod ends;
mod follower;
mod grace;
mod limits;
mod model;
mod outside;
mod wire;

use crate::support::client::Client;
use crate::support::signals::report;
use crate::support::{Over, TestServer};
use phx_runtime::prelude::*;
use phx_runtime::{EndpointBuilder, MountOptions, ServeError, Stop};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Deserialize)]
struct PresentSocket {
    id: Option<String>,
}

#[socket]
impl Socket for PresentSocket {
    channel!("present:*", Room);
    channel!("shown:*", Shown);

    type Params = Self;

    async fn connect(socket: Self, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(socket)
    }

    fn id(&self) -> Option<String> {
        self.id.clone()
    }
}

/// Is present as it is told to be.
struct Room;

#[derive(Deserialize)]
struct Entry {
    key: String,
    meta: Box<RawValue>,
}

#[channel(socket = PresentSocket)]
impl Room {
    #[join("present:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("track")]
    fn track(&mut self, entry: Entry, ctx: &mut Context<Self>) -> Result<bool, Refused> {
        Ok(ctx.track(entry.key, &entry.meta))
    }

    #[handle_in("update")]
    fn update(&mut self, entry: Entry, ctx: &mut Context<Self>) -> Result<bool, Refused> {
        Ok(ctx.update(entry.key, &entry.meta))
    }

    #[handle_in("untrack")]
    fn untrack(&mut self, key: String, ctx: &mut Context<Self>) -> Result<bool, Refused> {
        Ok(ctx.untrack(key))
    }

    #[handle_in("state")]
    fn state(&mut self, ctx: &mut Context<Self>) {
        ctx.push("presence_state", &ctx.presences());
    }

    #[handle_in("tracked")]
    fn tracked(&mut self, key: String, ctx: &mut Context<Self>) -> Result<Option<Value>, Refused> {
        ctx.tracked(key).map_err(|_| Refused::new("another type"))
    }

    #[handle_in("tracked_number")]
    fn tracked_number(&mut self, key: String, ctx: &mut Context<Self>) -> Result<Option<u8>, Refused> {
        ctx.tracked(key).map_err(|_| Refused::new("another type"))
    }

    #[handle_in("fetched")]
    async fn fetched(&mut self, ctx: &mut Context<Self>) {
        ctx.push("presence_state", &ctx.fetched_presences().await);
    }

    #[handle_in("stop")]
    fn stop(&mut self, how: String, ctx: &mut Context<Self>) {
        match how.as_str() {
            "error" => ctx.stop_with(Stop::Error),
            "shutdown" => ctx.stop_with(Stop::Shutdown),
            _ => ctx.stop(),
        }
    }

    #[handle_in("crash")]
    fn crash(&mut self) {
        panic!("asked to");
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    /// After a leave the channel has ended already, and is present no more, whatever it tries.
    #[terminate]
    fn ended(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        if reason == Reason::Left {
            report(ctx.topic(), format!("present again: {}", ctx.track("left", &())));
        }
    }
}

/// Shows its client who comes and goes in words of its own, and is present as `bot 1` and `bot 2`.
struct Shown;

struct AfterJoin;

#[channel(socket = PresentSocket)]
impl Shown {
    #[join("shown:*")]
    fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.notify(AfterJoin);
        Ok(Self)
    }

    #[handle_info]
    fn after_join(&mut self, _: AfterJoin, ctx: &mut Context<Self>) {
        ctx.track(format_args!("bot {}", 1), &());
        ctx.track("bot 2", &());
    }

    #[handle_out("presence_diff")]
    fn show(&mut self, diff: Value, ctx: &mut Context<Self>) {
        let names = |side: &str| diff[side].as_object().map(|side| side.keys().cloned().collect::<Vec<_>>());
        ctx.push("shown", &json!({"came": names("joins"), "went": names("leaves")}));
    }

    #[handle_in("leave_all")]
    fn leave_all(&mut self, ctx: &mut Context<Self>) {
        ctx.untrack("bot 1");
        ctx.untrack("bot 2");
    }
}

/// A client, and the refs that all clients of its test have seen.
struct Member {
    client: Client,
    refs: Refs,
}

#[derive(Clone, Default)]
struct Refs(Arc<Mutex<Vec<String>>>);

impl Member {
    /// Plays a conversation as [`Client::talk`] does, with letters for refs.
    async fn talk(&mut self, transcript: &str) {
        for line in transcript.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("-> ") {
                self.client.send(text).await;
            } else if let Some(text) = line.strip_prefix("<- ") {
                let frame = self.refs.named(&self.client.next().await);
                assert_eq!(frame, self.client.gets(text), "\nin:\n{transcript}");
            }
        }
    }
}

impl Refs {
    fn named(&self, text: &str) -> String {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = text.split("\"phx_ref");
        let mut named = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once(":\"").unwrap_or_default();
            let (reference, rest) = rest.split_once('"').unwrap_or_default();
            let is_url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            assert!(reference.len() == 16 && reference.chars().all(is_url_safe), "{text}");
            let place = seen.iter().position(|seen| seen == reference).unwrap_or_else(|| {
                seen.push(reference.to_owned());
                seen.len() - 1
            });
            let letter = char::from_digit(u32::try_from(place).unwrap_or_default() + 10, 36);
            let letter = letter.unwrap_or('?').to_ascii_uppercase();
            let _ = write!(named, "\"phx_ref{name}:\"{letter}\"{rest}");
        }
        named
    }
}

/// A server, and those who talk to it.
struct Party {
    server: TestServer,
    over: Over,
    refs: Refs,
}

impl Party {
    async fn start(over: Over) -> Result<Self, ServeError> {
        Self::start_with(over, |builder| builder, |_| ()).await
    }

    async fn start_with(
        over: Over,
        build: impl FnOnce(EndpointBuilder) -> EndpointBuilder,
        configure: impl FnOnce(&mut MountOptions),
    ) -> Result<Self, ServeError> {
        let builder = TestServer::builder::<PresentSocket>(configure);
        let server = TestServer::build(build(builder)).await?;
        Ok(Self { server, over, refs: Refs::default() })
    }

    /// Somebody who has not joined anything.
    async fn somebody(&self, name: &'static str) -> Member {
        let client = self.server.connect_with(self.over, &format!("&id={name}")).await;
        Member { client: client.named(name), refs: self.refs.clone() }
    }

    /// Somebody who has joined the topic with the ref `"1"`.
    async fn member(&self, name: &'static str, topic: &str) -> Member {
        let mut member = self.somebody(name).await;
        member.client.join(topic).await;
        member
    }
}
