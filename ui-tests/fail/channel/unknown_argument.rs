use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(topic = "room:*")]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    fn name(&self) -> &'static str {
        "a room"
    }
}

fn describe(room: &RoomChannel) -> String {
    format!("{} {}", room.name(), room.name().len())
}

fn main() {}
