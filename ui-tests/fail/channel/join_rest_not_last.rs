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
    #[join("room:{rest..}:end")]
    fn join(rest: String) -> Result<Self, Refused> {
        let _ = rest;
        Ok(Self)
    }
}

fn announce(endpoint: &Endpoint) {
    let _ = endpoint.broadcast(RoomChannel::topic("x"), "news", &());
}

fn main() {
    let _ = announce;
}
