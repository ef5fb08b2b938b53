use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Hello {}

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    async fn join(hello: Hello) -> Result<Self, Refused> {
        let Hello {} = hello;
        Ok(Self)
    }
}

fn main() {}
