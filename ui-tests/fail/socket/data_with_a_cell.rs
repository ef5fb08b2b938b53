use phx_runtime::prelude::*;
use std::sync::atomic::AtomicU32;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel, AtomicU32::new(0));

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket, data = AtomicU32)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {}
