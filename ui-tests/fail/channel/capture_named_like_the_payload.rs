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
    #[join("room:{hello}")]
    fn join(hello: Hello) -> Result<Self, Refused> {
        let _ = hello.name;
        Ok(Self)
    }
}

fn main() {}
