//! Results need not be named.

use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:lobby")]
    fn lobby() -> Result<Self, impl serde::Serialize> {
        if false { Err("full") } else { Ok(Self) }
    }

    #[join("room:{id}")]
    async fn join(id: u64) -> Result<(Self, impl serde::Serialize), impl serde::Serialize> {
        if id == 0 { Err("unauthorized") } else { Ok((Self, id)) }
    }

    #[handle_in("ping")]
    async fn ping(&mut self) -> Result<impl serde::Serialize, impl serde::Serialize> {
        if false { Err("closed") } else { Ok("pong") }
    }
}

fn main() {}
