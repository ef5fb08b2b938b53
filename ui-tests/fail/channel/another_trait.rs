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

impl RoomChannel {
    fn hello(&self) -> &'static str {
        "hello"
    }
}

#[channel(socket = UserSocket)]
impl Default for RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    async fn ping(&mut self) -> Result<&'static str, Refused> {
        Ok(self.hello())
    }

    fn default() -> Self {
        Self
    }
}

fn main() {}
