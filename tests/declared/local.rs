//! The sockets that the test itself declares.

use phx_runtime::prelude::*;

pub(crate) const MAX_CHANNELS: usize = 7;

pub(crate) struct LobbySocket;

#[socket("/lobby", limits.max_channels = MAX_CHANNELS)]
impl Socket for LobbySocket {
    channel!("lobby", Lobby);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Lobby;

#[channel(socket = LobbySocket)]
impl Lobby {
    #[join("lobby")]
    fn join() -> Result<(Self, &'static str), Refused> {
        Ok((Self, "lobby"))
    }
}

pub(crate) struct MainSocket;

#[socket("/rooms/main")]
impl Socket for MainSocket {
    channel!("room:*", MainRoom);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct MainRoom;

#[channel(socket = MainSocket)]
impl MainRoom {
    #[join("room:*")]
    fn join() -> Result<(Self, &'static str), Refused> {
        Ok((Self, "main"))
    }
}
