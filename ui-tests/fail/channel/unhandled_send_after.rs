use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

struct Foo;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    fn ping(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(std::time::Duration::ZERO, Foo);
    }
}

fn main() {}
