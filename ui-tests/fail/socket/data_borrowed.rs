use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel, &RoomConfig { max: 5 });

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomConfig {
    max: u32,
}

struct RoomChannel;

#[channel(socket = UserSocket, data = RoomConfig)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {}
