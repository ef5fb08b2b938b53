use phx_runtime::prelude::*;
use std::rc::Rc;

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
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    fn ping(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Rc::new(1));
    }

    #[handle_info]
    fn count(&mut self, _: Rc<u64>) {}
}

fn main() {}
