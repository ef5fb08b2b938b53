use phx_runtime::prelude::*;

struct UserSocket;

#[socket("/socket", compress = false)]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {}
