use phx_runtime::prelude::*;

struct UserSocket<'a> {
    name: &'a str,
}

#[socket]
impl<'a> Socket for UserSocket<'a> {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self { name: "a user" })
    }
}

struct RoomChannel;

#[channel(socket = UserSocket<'static>)]
impl RoomChannel {
    #[join("room:*")]
    fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        let _ = ctx.socket().name;
        Ok(Self)
    }
}

fn describe(socket: &UserSocket<'static>) -> Option<String> {
    socket.id()
}

fn main() {}
