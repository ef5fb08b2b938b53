//! What may stand in the signature of a callback, and what it may return by another name.

use phx_runtime::prelude::*;
use serde::Serialize;

pub struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

type Answer<T = ()> = Result<T, Refused>;
type Nothing = ();

#[derive(Serialize)]
pub struct Posted {
    id: u64,
}

pub struct RoomChannel {
    id: u64,
}

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{id}")]
    pub const fn join(id: u64) -> Answer<Self> {
        Ok(Self { id })
    }

    #[join("room:{id}:{name}")]
    pub(crate) async fn named(id: u64, (_, _): (u8, u8), name: String) -> Answer<(Self, String)> {
        Ok((Self { id }, name))
    }

    #[handle_in("post")]
    pub async fn post<'a>(&'a mut self, [_, _]: [u8; 2]) -> Answer<Posted>
    where
        Self: 'a,
    {
        Ok(Posted { id: self.id })
    }

    #[handle_in("nothing")]
    pub const fn nothing(&self) -> Nothing {}

    #[handle_in("done")]
    pub(self) fn done(self: &Self) -> Answer {
        Ok(())
    }

    // An event of this name is as good as any.
    #[handle_in("")]
    fn unnamed(&mut self, (): ()) {}
}

fn main() {}
