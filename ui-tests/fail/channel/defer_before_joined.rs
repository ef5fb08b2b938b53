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
    #[join("room:*")]
    fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = ctx.defer();
        Ok(Self)
    }
}

fn main() {}
