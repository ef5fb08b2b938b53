//! An argument that is not used receives its capture all the same.

#![deny(warnings)]

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
    #[join("room:{id}")]
    fn join(_id: u64) -> Result<Self, Refused> {
        Ok(Self)
    }

    // A capture may have such a name itself, and a payload a name that is one only without the underscore.
    #[join("room:{_id}:{id}:{name}")]
    fn named(name: String, _name: Payload, _id: u64, id: String) -> Result<Self, Refused> {
        let _: (String, String) = (name, id);
        Ok(Self)
    }
}

fn main() {
    assert_eq!(<RoomChannel as Channel>::TABLE.joins.len(), 2);
}
