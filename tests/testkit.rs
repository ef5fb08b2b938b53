//! `phx_runtime::testing`, by itself: what each of its functions does over each transport, and what it says when a test
//! fails.

mod again;
mod ends;
mod events;
mod failure;
mod faults;
mod messages;
mod page;
mod time;
mod who;

use crate::support::signals::wait_at_gate;
use crate::support::with_longpoll;
use phx_runtime::prelude::*;
use phx_runtime::testing::{Over, TestServer};
use phx_runtime::{Endpoint, EndpointError, Limits, Stop};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

#[derive(Deserialize)]
struct KitSocket {
    #[serde(default)]
    name: String,
}

#[socket]
impl Socket for KitSocket {
    channel!("kit:*", Kit);

    type Params = Self;

    async fn connect(socket: Self, info: &ConnectInfo) -> Result<Self, Refused> {
        match &*socket.name {
            "mallory" => Err(Refused::new("nobody of this name")),
            "sleeper" => std::future::pending().await,
            "token" => Ok(Self { name: info.auth_token().unwrap_or("none").to_owned() }),
            _ => Ok(socket),
        }
    }

    fn id(&self) -> Option<String> {
        Some(format!("user:{}", self.name))
    }
}

struct Kit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Said {
    text: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Refusal {
    reason: String,
}

/// What the channel tells itself.
enum Later {
    Push,
    Push2,
}

#[channel(socket = KitSocket)]
impl Kit {
    const SAID: Event<Said> = Event::new("said");

    #[join("kit:refused")]
    fn refused() -> Result<Self, Refused> {
        Err(Refused::new("unauthorized"))
    }

    #[join("kit:*")]
    fn join(ctx: &mut Joining<Self>) -> Result<(Self, serde_json::Value), Refused> {
        let name = &ctx.socket().name;
        let welcome = json!({"hello": name});
        Ok((Self, welcome))
    }

    #[handle_in("ping")]
    fn ping(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("silent")]
    fn silent(&mut self) {}

    #[handle_in("fail")]
    fn fail(&mut self) -> Result<(), Refused> {
        Err(Refused::new("no"))
    }

    #[handle_in("say")]
    fn say(&mut self, said: Said, ctx: &mut Context<Self>) {
        ctx.broadcast(Self::SAID, &said);
    }

    #[handle_in("say_from")]
    fn say_from(&mut self, said: Said, ctx: &mut Context<Self>) {
        ctx.broadcast_from(Self::SAID, &said);
    }

    #[handle_in("push")]
    fn push(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("pushed", &payload);
    }

    /// Pushes when it has told itself twice.
    #[handle_in("push_later")]
    fn push_later(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Later::Push);
    }

    #[handle_in("push_gated")]
    async fn push_gated(&mut self, ctx: &mut Context<Self>) {
        wait_at_gate(ctx.topic()).await;
        ctx.notify(Later::Push2);
    }

    #[handle_in("push_after")]
    fn push_after(&mut self, milliseconds: u64, ctx: &mut Context<Self>) {
        ctx.send_after(Duration::from_millis(milliseconds), Later::Push2);
    }

    /// Is answered when the test lets it, also after the channel has ended.
    #[handle_in("answer_gated")]
    fn answer_gated(&mut self, ctx: &mut Context<Self>) {
        let (deferred, topic) = (ctx.defer(), ctx.topic().to_owned());
        tokio::spawn(async move {
            wait_at_gate(&topic).await;
            // It encodes.
            let _ = deferred.reply(Ok::<_, Refused>("at last"));
        });
    }

    #[handle_in("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[handle_in("stop_with_error")]
    fn stop_with_error(&mut self, ctx: &mut Context<Self>) {
        ctx.stop_with(Stop::Error);
    }

    #[handle_in("crash")]
    fn crash(&mut self) {
        panic!("asked to crash");
    }

    #[handle_info]
    fn later(&mut self, later: Later, ctx: &mut Context<Self>) {
        match later {
            Later::Push => ctx.notify(Later::Push2),
            Later::Push2 => ctx.push("later", &()),
        }
    }

    /// Reaches nobody as it is.
    #[handle_out("whispered")]
    fn whispered(&mut self, said: Said, ctx: &mut Context<Self>) {
        if said.text == ctx.socket().name {
            ctx.push("whispered", &said);
        }
    }

    #[terminate]
    fn ended(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        let name = &ctx.socket().name;
        let left = json!({"name": name, "reason": format!("{reason:?}")});
        ctx.broadcast_from("left", &left);
    }
}

fn endpoint() -> Result<Endpoint, EndpointError> {
    endpoint_with(|_| ())
}

fn endpoint_with(configure: impl FnOnce(&mut Limits)) -> Result<Endpoint, EndpointError> {
    Endpoint::builder()
        .secret_key_base(crate::support::SECRET)
        .socket_with::<KitSocket>("/socket", |options| {
            with_longpoll(options);
            options.auth_token = true;
            configure(&mut options.limits);
        })
        .build()
}

async fn start(over: Over) -> Result<TestServer, Box<dyn std::error::Error>> {
    Ok(TestServer::start(&endpoint()?, over).await?)
}

fn said(text: &str) -> Said {
    Said { text: text.to_owned() }
}
