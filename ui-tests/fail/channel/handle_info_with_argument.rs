use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Tick;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_info("tick")]
    async fn tick(&mut self, _: Tick) {}
}

fn main() {}
