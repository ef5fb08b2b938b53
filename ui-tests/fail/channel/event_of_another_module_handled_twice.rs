use phx_runtime::prelude::*;

mod shared {
    use phx_runtime::Event;

    pub(crate) const PING: Event<u64> = Event::new("ping");
}

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
    fn ping(&mut self) {}

    #[handle_in(shared::PING)]
    fn shared_ping(&mut self, number: u64) {
        let _ = number;
    }
}

fn main() {}
