use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Id;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{id}")]
    fn join(id: Id) -> Result<Self, Refused> {
        let Id = id;
        Ok(Self)
    }
}

fn main() {}
