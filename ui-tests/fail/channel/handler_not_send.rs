use phx_runtime::prelude::*;
use std::rc::Rc;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("wait")]
    async fn wait(&mut self) {
        let count = Rc::new(1);
        std::future::ready(()).await;
        drop(count);
    }
}

fn main() {}
