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
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    fn ping(&mut self) -> impl Future<Output = Result<(), Refused>> {
        async { Ok(()) }
    }
}

async fn ask(room: &mut RoomChannel) -> Result<(), Refused> {
    room.ping().await
}

fn main() {}
