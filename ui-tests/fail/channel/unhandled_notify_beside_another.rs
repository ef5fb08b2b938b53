use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(UserSocket)
    }
}

struct RoomChannel;

struct Tick;
struct Foo;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(RoomChannel)
    }

    #[handle_in("ping")]
    fn ping(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Foo);
    }

    #[handle_info]
    fn tick(&mut self, _: Tick) {}
}

fn main() {}
