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

struct RoomChannel(Rc<str>);

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{name}")]
    fn join(name: String) -> Result<Self, Refused> {
        Ok(Self(name.into()))
    }

    #[handle_in("ping")]
    async fn ping(&mut self) {}
}

fn main() {}
