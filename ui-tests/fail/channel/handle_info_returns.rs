use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Tick;

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("start")]
    fn start(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Tick);
    }

    #[handle_info]
    fn tick(&mut self, _: Tick) -> Result<(), Refused> {
        Ok(())
    }
}

fn main() {}
