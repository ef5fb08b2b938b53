use phx_runtime::prelude::*;

#[socket]
struct UserSocket;

fn main() {}
