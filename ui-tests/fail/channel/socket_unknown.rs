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

#[channel(socket = UserSockett)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    async fn ping(&mut self, ctx: &mut Context<Self>) {
        ctx.push("pong", &());
    }
}

fn main() {}
