//! A socket without parameters needs no `type Params`, and a socket may have no channels yet.

use phx_runtime::Routes;
use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(NoParams {}: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {
    assert!(UserSocket::ROUTES.is_empty());
}
