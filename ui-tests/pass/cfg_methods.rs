//! `#[cfg]` on a method or a `channel!` line takes all that is generated for it away, and lines that never meet in
//! one build are not in conflict.

use phx_runtime::prelude::*;
use phx_runtime::{Channel, Routes};

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    #[cfg(any())]
    channel!("room:*", MissingChannel);
    /// This one is there.
    #[cfg(not(any()))]
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Tick;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[cfg(any())]
    #[join("room:{id}")]
    async fn join(id: Missing) -> Missing {}

    /// A doc comment.
    #[cfg(not(any()))]
    #[join("room:{id}")]
    async fn join(id: u64) -> Result<Self, Refused> {
        let _ = id;
        Ok(Self)
    }

    #[cfg(any())]
    #[handle_in("ping")]
    async fn ping(&mut self, ping: Missing) -> Missing {}

    #[handle_in("ping")]
    #[cfg(not(any()))]
    async fn ping(&mut self) {}

    #[cfg(any())]
    #[handle_out("ping")]
    async fn show(&mut self, ping: Missing) {}

    #[cfg(any())]
    #[handle_info]
    async fn tick(&mut self, _: Missing) {}

    #[cfg(not(any()))]
    #[handle_info]
    async fn tick(&mut self, _: Tick) {}

    #[cfg(any())]
    #[terminate]
    async fn left(&mut self, reason: Missing) {}

    #[cfg(not(any()))]
    #[terminate]
    async fn left(&mut self, _: Reason) {}
}

fn main() {
    assert_eq!(UserSocket::ROUTES.len(), 1);
    assert_eq!(RoomChannel::TABLE.joins.len(), 1);
    assert!(RoomChannel::TABLE.intercepts.is_empty());
    let _ = Tick;
}
