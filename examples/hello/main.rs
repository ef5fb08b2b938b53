//! The smallest complete program, a room where everyone hears everyone: `cargo run --example hello`

use phx_runtime::prelude::*;

struct UserSocket;

#[socket("/socket")]
impl Socket for UserSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Room;

#[channel(socket = UserSocket)]
impl Room {
    #[join("room:{name}")]
    fn join(name: String) -> Result<Self, Refused> {
        if name.is_empty() { Err(Refused::new("which room?")) } else { Ok(Self) }
    }

    #[handle_in("shout")]
    fn shout(&mut self, message: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("shout", &message);
    }
}

#[tokio::main]
async fn main() -> Result<(), phx_runtime::ServeError> {
    tracing_subscriber::fmt::init();
    // From Node, or from a page on http://localhost: other pages would need the option `check_origin`.
    println!("connect phoenix.js to ws://127.0.0.1:4000/socket and join \"room:lobby\"");
    phx_runtime::serve(([127, 0, 0, 1], 4000)).await
}

#[cfg(test)]
mod tests;
