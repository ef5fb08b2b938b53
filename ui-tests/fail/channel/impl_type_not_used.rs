use phx_runtime::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
impl<T: Serialize + DeserializeOwned + Send + 'static> RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("echo")]
    fn echo(&mut self, value: T) -> Result<T, Refused> {
        Ok(value)
    }
}

fn describe(room: &mut RoomChannel) -> Option<u64> {
    room.echo(1).ok()
}

fn main() {}
