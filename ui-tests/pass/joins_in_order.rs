//! A topic whose captures cannot be parsed is left to the joins below.

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
    #[join("room:lobby")]
    fn lobby() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[join("room:{id}")]
    fn numbered(id: u64) -> Result<Self, Refused> {
        if id == 0 { Err(Refused::new("no such room")) } else { Ok(Self) }
    }

    #[join("room:{id}")]
    fn named(id: String) -> Result<Self, Refused> {
        if id.is_empty() { Err(Refused::new("no such room")) } else { Ok(Self) }
    }

    #[join("room:*")]
    fn any() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {
    assert_eq!(<RoomChannel as Channel>::TABLE.joins.len(), 4);
}
