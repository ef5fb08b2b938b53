use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{id}")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn announce(endpoint: &Endpoint) {
    let _ = endpoint.broadcast(RoomChannel::topic(7), "news", &());
}

fn main() {
    let _ = announce;
}
