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

    #[handle_in("knock")]
    fn knock(&mut self, at: String, ctx: &mut Context<Self>) {
        ctx.broadcast_to(Self::topic(&at), "knock", &());
    }
}

fn main() {}
