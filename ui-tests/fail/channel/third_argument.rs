use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[derive(serde::Deserialize)]
struct NewMsg {}

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("ping")]
    async fn ping(&mut self, msg: NewMsg, ctx: &mut Context<Self>, more: u64) {
        let _ = (msg, ctx, more);
    }
}

fn main() {}
