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
    #[join("room:{name}")]
    fn join(name: String) -> Result<Self, Refused> {
        let _ = name;
        Ok(Self)
    }

    #[join("room:lobby")]
    fn lobby() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {}
