use phx_runtime::prelude::*;
use std::marker::PhantomData;

struct UserSocket<T>(PhantomData<T>);

#[socket]
impl<T: Clone> Socket for UserSocket<T> {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self(PhantomData))
    }
}

struct RoomChannel;

#[channel(socket = UserSocket<u64>)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {}
