//! The crate may go by another path, as one that re-exports it gives it.

#![deny(warnings)]

mod facade {
    pub mod realtime {
        pub use phx_runtime::*;
    }
}

/// Not the crate.
#[allow(dead_code)]
mod phx_runtime {}

use facade::realtime::prelude::*;

struct UserSocket;

#[socket(crate = crate::facade::realtime)]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Tick;

#[channel(socket = UserSocket, crate = crate::facade::realtime)]
impl RoomChannel {
    const PING: Event<u64> = Event::new("ping");

    #[facade::realtime::join("room:{id}")]
    fn join(id: u64, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = id;
        ctx.notify(Tick);
        Ok(Self)
    }

    #[handle_in(Self::PING)]
    fn ping(&mut self, number: u64) -> Result<u64, Refused> {
        Ok(number)
    }

    #[handle_info]
    fn tick(&mut self, _: Tick) {}
}

fn main() {
    assert_eq!(RoomChannel::topic(7), "room:7");
}
