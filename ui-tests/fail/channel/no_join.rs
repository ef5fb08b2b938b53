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
    #[handle_in("ping")]
    fn ping(&mut self, ctx: &mut Context<Self>) {
        ctx.push("pong", self.name());
    }

    fn name(&self) -> &'static str {
        "a room"
    }
}

fn describe(room: &RoomChannel) -> String {
    format!("{} {}", room.name(), room.name().len())
}

fn main() {}
