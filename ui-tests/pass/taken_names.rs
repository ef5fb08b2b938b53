//! The expansions find what they use beside modules and macros of the same names.

#![allow(unused_macros)]

use ::phx_runtime::{self as phoenix, channel, socket};

mod alloc {}
mod core {}
mod phx_runtime {}
mod std {}

macro_rules! assert {
    () => {};
}
macro_rules! assert_eq {
    () => {};
}
macro_rules! debug_assert {
    () => {};
}
macro_rules! format {
    () => {};
}
macro_rules! matches {
    () => {};
}
macro_rules! panic {
    () => {};
}
macro_rules! stringify {
    () => {};
}
macro_rules! concat {
    () => {};
}
macro_rules! unreachable {
    () => {};
}
macro_rules! vec {
    () => {};
}

struct UserSocket;

#[socket]
impl phoenix::Socket for UserSocket {
    channel!("room:*", RoomChannel);
    channel!("hall:{name}", HallChannel, 500);

    async fn connect(
        _: phoenix::NoParams,
        _: &phoenix::ConnectInfo,
    ) -> ::core::result::Result<Self, phoenix::Refused> {
        ::core::result::Result::Ok(Self)
    }
}

struct RoomChannel;

struct Tick;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{id}")]
    async fn join(id: u64) -> ::core::result::Result<Self, phoenix::Refused> {
        match id {
            0 => ::core::result::Result::Err(phoenix::Refused::new("no such room")),
            _ => ::core::result::Result::Ok(Self),
        }
    }

    #[handle_in("ping")]
    async fn ping(&mut self, payload: phoenix::Payload) -> ::core::result::Result<phoenix::Payload, phoenix::Refused> {
        ::core::result::Result::Ok(payload)
    }

    #[handle_in("start")]
    fn start(&mut self, ctx: &mut phoenix::Context<Self>) {
        ctx.notify(Tick);
    }

    #[handle_out("pong")]
    async fn pong(&mut self, payload: phoenix::Payload, ctx: &mut phoenix::Context<Self>) {
        ctx.push("pong", &payload);
    }

    #[handle_info]
    async fn tick(&mut self, _: Tick) {}

    #[terminate]
    async fn left(&mut self, _: phoenix::Reason) {}
}

struct HallChannel;

#[channel(socket = UserSocket, data = u32)]
impl HallChannel {
    #[join("hall:{name}")]
    fn join(
        name: ::std::string::String,
        ctx: &mut phoenix::Joining<Self>,
    ) -> ::core::result::Result<(Self, u32), phoenix::Refused> {
        let _ = name;
        ::core::result::Result::Ok((Self, *ctx.data()))
    }
}

fn main() {}
