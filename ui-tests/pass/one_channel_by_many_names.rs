//! A channel is the same by whatever name a line calls it, and in whatever instance. Lines under a `#[cfg]` count if
//! they are there.

use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    #[cfg(any())]
    channel!("a:{x}", Missing);
    channel!("a:{x}", RoomChannel<u8>);
    #[cfg(not(any()))]
    channel!("b:{x}", self::RoomChannel<u16>);
    channel!("c:{x}", Alias);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

type Alias = RoomChannel<u32>;

struct RoomChannel<T>(Vec<T>);

#[channel(socket = UserSocket)]
impl<T: Send + 'static> RoomChannel<T> {
    #[join("a:{x}")]
    fn a(x: u8) -> Result<Self, Refused> {
        Err(Refused::new(x.to_string()))
    }

    #[join("b:{x}")]
    fn b(x: u8) -> Result<Self, Refused> {
        Err(Refused::new(x.to_string()))
    }

    #[join("c:{x}")]
    fn c(x: u8) -> Result<Self, Refused> {
        Ok(Self(Vec::with_capacity(x.into())))
    }
}

fn main() -> Result<(), EndpointError> {
    assert_eq!(RoomChannel::<u8>(Vec::new()).0.len(), 0);
    Endpoint::builder().socket::<UserSocket>("/socket").build().map(drop)
}
