//! Declares a socket. A program that depends on this crate has it only if it names the crate, as in
//! `use unnamed as _;`: the compiler does not link what is never named.

use phx_runtime::prelude::*;

struct UnnamedSocket;

#[socket("/unnamed")]
impl Socket for UnnamedSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}
