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
impl Channel for RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    async fn ping(&mut self) -> Result<&'static str, Refused> {
        Ok(self.answer())
    }

    fn answer(&self) -> &'static str {
        "pong"
    }
}

fn describe(room: &RoomChannel) -> String {
    format!("{} {}", room.answer(), room.answer().len())
}

fn main() {}
