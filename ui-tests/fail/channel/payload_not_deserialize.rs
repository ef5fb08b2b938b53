use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct NewMsg {}

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("new_msg")]
    async fn new_msg(&mut self, msg: NewMsg) {
        let NewMsg {} = msg;
    }
}

fn main() {}
