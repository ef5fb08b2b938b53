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
    const KNOCK: Event<()> = Event::new("knock");

    #[join("room:{id}")]
    fn join(id: u64) -> Result<Self, Refused> {
        let _ = id;
        Ok(Self)
    }

    #[handle_in("knock")]
    fn knock(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_to(Self::KNOCK, Self::topic(7), &());
    }
}

fn main() {}
