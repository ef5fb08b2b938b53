//! What is spoken over it: channels, which need not know how their clients come.

use phx_runtime::prelude::*;

struct UserSocket;

#[socket("/socket")]
impl Socket for UserSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Room;

#[channel(socket = UserSocket)]
impl Room {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("shout")]
    fn shout(&mut self, message: Payload, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.broadcast("shout", &message);
        Ok(())
    }

    #[terminate]
    fn left(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_from("left", &());
    }
}
