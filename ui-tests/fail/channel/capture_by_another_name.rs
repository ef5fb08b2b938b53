use phx_runtime::prelude::*;
use serde::Deserialize;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

#[derive(Deserialize)]
struct Hello {
    name: String,
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{id}")]
    fn join(number: u64, hello: Hello) -> Result<Self, Refused> {
        if number == 0 { Err(Refused::new(hello.name)) } else { Ok(Self) }
    }
}

fn main() {}
