//! Attributes that are not ours stay on the methods, and keep their meaning.

#![deny(warnings)]

use phx_runtime::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Tick;

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[channel(socket = UserSocket)]
impl RoomChannel {
    /// Anybody may join.
    #[doc = "Really."]
    #[join("room:*")]
    #[must_use]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[deprecated = "send `pong`"]
    #[handle_in("ping")]
    fn ping(&mut self) {}

    #[allow(unused_variables)]
    #[handle_in("pong")]
    fn pong(&mut self, text: String, #[allow(unused)] ctx: &mut Context<Self>) {
        let number = 5;
    }

    #[expect(unused_variables)]
    #[handle_out("pong")]
    async fn show(&mut self, payload: Payload) {}

    #[tracing::instrument(skip_all, fields(topic = ctx.topic()))]
    #[handle_in("traced")]
    async fn traced(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        std::future::ready(()).await;
        ctx.push("pong", &());
        Err(Refused::new("no"))?
    }

    #[handle_in("traced_too")]
    #[tracing::instrument(skip(self), ret)]
    fn traced_too(&mut self, number: u32) -> Result<u32, Refused> {
        Ok(number)
    }

    #[cfg_attr(all(), inline)]
    #[cold]
    #[handle_info]
    fn tick(&mut self, _: Tick) {}

    #[terminate]
    #[deprecated]
    #[cfg(any(all(), any()))]
    async fn left(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }

    /// Not a callback.
    #[deprecated = "gone"]
    const OLD: u32 = 1;
}

fn main() {
    let _ = Tick;
    #[expect(deprecated)]
    let _ = (RoomChannel::OLD, RoomChannel.ping());
    #[expect(unused_must_use)]
    RoomChannel::join();
}
