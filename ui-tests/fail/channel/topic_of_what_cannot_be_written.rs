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
    #[join("room:{kind}")]
    fn join(kind: Kind) -> Result<Self, Refused> {
        let _ = kind;
        Ok(Self)
    }
}

struct Kind;

impl std::str::FromStr for Kind {
    type Err = std::convert::Infallible;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Ok(Self)
    }
}

fn main() {
    let _ = RoomChannel::topic(&Kind);
}
