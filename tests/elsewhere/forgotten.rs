//! A socket without a line for one of its channels, to be mounted by who wants to see what is said of that.

use phx_runtime::prelude::*;

/// Lacks a line for its channel.
pub struct LooseSocket;

#[socket]
impl Socket for LooseSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Forgotten;

#[channel(socket = LooseSocket)]
impl Forgotten {
    #[join("forgotten")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}
