use phx_runtime::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel<u64>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel<T>(PhantomData<T>);

#[channel(socket = UserSocket)]
impl<T: Serialize + DeserializeOwned> RoomChannel<T> {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }

    #[handle_in("echo")]
    fn echo(&mut self, value: T) -> Result<T, Refused> {
        Ok(value)
    }
}

fn describe(room: &mut RoomChannel<u64>) -> u64 {
    room.echo(1).unwrap_or_default()
}

fn main() {}
