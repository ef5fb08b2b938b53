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
    #[join("room:{ctx}")]
    fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = ctx.topic();
        Ok(Self)
    }
}

fn main() {}
