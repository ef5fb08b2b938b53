//! A declared socket and its channel.

use phx_runtime::prelude::*;

/// The one with a name in its path.
pub struct RoomSocket;

#[socket("/rooms/{place}", limits.max_channels = 1)]
impl Socket for RoomSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Room;

#[channel(socket = RoomSocket)]
impl Room {
    #[join("room:*")]
    fn join() -> Result<(Self, &'static str), Refused> {
        Ok((Self, "elsewhere"))
    }
}
