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
impl RoomChannel {
    #[join("room:*")]
    fn join(ctx: Joining<Self>) -> Result<Self, Refused> {
        if ctx.topic() == "room:" { Err(Refused::new("no such room")) } else { Ok(Self) }
    }
}

fn main() {}
