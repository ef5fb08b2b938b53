//! A crate with the strictest lints has nothing to say about the expansions.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic
)]

use phx_runtime::prelude::*;

/// A user.
#[derive(Debug)]
pub struct UserSocket;

#[socket("/socket", auth_token, limits.max_channels = 3)]
impl Socket for UserSocket {
    /// The rooms.
    channel!("room:*", RoomChannel);
    /// The halls.
    channel!("hall:*", HallChannel, HallConfig { seats: 500 });
    channel!("big_hall:*", HallChannel, BIG_HALL);

    async fn connect(_: NoParams, _info: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// A room.
#[derive(Debug)]
pub struct RoomChannel;

/// A tick.
#[derive(Debug)]
pub struct Tick;

#[channel(socket = UserSocket)]
impl RoomChannel {
    /// The lobby.
    ///
    /// # Errors
    /// Never.
    #[join("room:lobby")]
    pub fn lobby() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[join("room:{id}")]
    async fn room(id: u64, payload: Payload) -> Result<Self, Refused> {
        if id == 0 || payload.as_bytes().is_empty() {
            Err(Refused::new("no"))
        } else {
            Ok(Self)
        }
    }

    #[handle_in("ping")]
    async fn ping(&mut self) {}

    #[handle_in("peek")]
    fn peek(&self, payload: Payload) -> Result<usize, Refused> {
        Ok(payload.as_bytes().len())
    }

    #[handle_out("pong")]
    async fn pong(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.push("pong", &payload);
    }

    #[handle_info]
    fn tick(&mut self, _: Tick) {}

    #[terminate]
    fn left(&mut self, _: Reason) {}
}

/// What a hall is like.
#[derive(Debug)]
pub struct HallConfig {
    seats: u32,
}

static BIG_HALL: HallConfig = HallConfig { seats: 5_000 };

/// A hall.
#[derive(Debug)]
pub struct HallChannel;

#[channel(socket = UserSocket, data = HallConfig)]
impl HallChannel {
    #[join("{kind}:*")]
    fn join(kind: String, ctx: &mut Joining<Self>) -> Result<(Self, u32), Refused> {
        if kind.is_empty() {
            Err(Refused::new("no"))
        } else {
            Ok((Self, ctx.data().seats))
        }
    }
}

fn main() {}
