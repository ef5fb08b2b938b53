use phx_runtime::prelude::*;
use std::rc::Rc;

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
    #[join("room:*")]
    async fn join() -> Result<Self, Refused> {
        let name = Rc::new(1);
        std::future::ready(()).await;
        drop(name);
        Ok(Self)
    }
}

fn main() {}
