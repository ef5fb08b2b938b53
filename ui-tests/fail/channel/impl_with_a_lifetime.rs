use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel<'static>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel<'a> {
    name: &'a str,
}

#[channel(socket = UserSocket)]
impl<'a> RoomChannel<'a> {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self { name: "a room" })
    }

    #[handle_in("name")]
    async fn name(&self, _: &mut Context<Self>) -> Result<String, Refused> {
        Ok(self.name.to_owned())
    }
}

fn describe(room: &RoomChannel<'static>) -> usize {
    room.name.len()
}

fn main() {}
