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
    #[join("room:{id}")]
    fn join(id: u64) -> Result<Self, Refused> {
        let _ = id;
        Ok(Self)
    }
}

impl RoomChannel {
    fn topic() -> &'static str {
        "room"
    }
}

fn main() {}
