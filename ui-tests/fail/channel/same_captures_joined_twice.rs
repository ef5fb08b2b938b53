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
        if id == 0 { Err(Refused::new("no such room")) } else { Ok(Self) }
    }

    #[join("room:{id}")]
    fn again(id: u64) -> Result<Self, Refused> {
        if id == 0 { Err(Refused::new("no such room")) } else { Ok(Self) }
    }
}

fn main() {}
