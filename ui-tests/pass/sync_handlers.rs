//! No method has to be asynchronous.

use phx_runtime::prelude::*;
use serde::{Deserialize, Serialize};

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("counter:{start}", CounterChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct CounterChannel {
    count: u64,
}

#[derive(Deserialize)]
struct Add {
    by: u64,
}

#[derive(Serialize)]
struct Count {
    count: u64,
}

struct Reset;

#[channel(socket = UserSocket)]
impl CounterChannel {
    #[join("counter:{start}")]
    fn join(start: u64) -> Result<(Self, Count), Refused> {
        Ok((Self { count: start }, Count { count: start }))
    }

    #[handle_in("add")]
    fn add(&mut self, Add { by }: Add) -> Result<Count, Refused> {
        self.count = self.count.checked_add(by).ok_or(Refused::new("overflow"))?;
        Ok(self.count())
    }

    #[handle_in("peek")]
    fn peek(&self) -> Result<impl Serialize + use<>, Refused> {
        Ok(self.count())
    }

    #[handle_in("reset")]
    fn reset(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Reset);
    }

    #[handle_out("add")]
    fn added(&mut self, mut add: Add, ctx: &mut Context<Self>) {
        add.by += self.count;
        ctx.push("add", &Count { count: add.by });
    }

    #[handle_info]
    fn start_over(&mut self, _: Reset) {
        self.count = 0;
    }

    #[terminate]
    fn left(&mut self) {
        self.count = 0;
    }

    fn count(&self) -> Count {
        Count { count: self.count }
    }
}

fn main() {}
