use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Default for UserSocket {
    fn default() -> Self {
        Self
    }
}

fn main() {}
