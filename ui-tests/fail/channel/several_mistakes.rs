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
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    fn ping(self) {}

    #[handle_in]
    fn pong(&mut self) {}

    #[handle_out("pong")]
    fn show(&mut self, text: &str) -> bool {
        text.is_empty()
    }

    fn name(&self) -> &'static str {
        "a room"
    }
}

fn describe(room: &mut RoomChannel) -> String {
    format!("{} {}", room.name(), room.show("pong"))
}

fn main() {}
