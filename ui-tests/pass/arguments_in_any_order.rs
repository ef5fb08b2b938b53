//! An argument is known by its name or its type, never by its place.

use phx_runtime::prelude::*;
use serde::Deserialize;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("game:*", GameChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct GameChannel;

#[derive(Deserialize)]
struct Hello {
    name: String,
}

struct Tick;

#[channel(socket = UserSocket)]
impl GameChannel {
    #[join("game:{game}:player:{player}")]
    async fn play(
        ctx: &mut Joining<Self>,
        player: u32,
        Hello { name }: Hello,
        mut game: String,
    ) -> Result<(Self, u32), Refused> {
        game.push_str(&name);
        ctx.notify(Tick);
        Ok((Self, player))
    }

    #[join("game:{game}:*")]
    async fn watch(_: Payload, game: u64) -> Result<Self, Refused> {
        let _ = game;
        Ok(Self)
    }

    #[handle_in("move")]
    async fn step<'a>(
        &mut self,
        ctx: &'a mut Context<Self>,
        hello: Hello,
    ) -> Result<Vec<&'static str>, Refused> {
        ctx.broadcast("moved", &hello.name.len());
        Ok(vec!["moved"])
    }

    #[handle_in("look")]
    async fn look(self: &mut Self, ctx: &mut Context<Self>) -> Option<Reply> {
        if ctx.topic().is_empty() {
            None
        } else {
            Some(Reply::status("queued", &()))
        }
    }

    #[handle_out("moved")]
    async fn moved(&self, _: &mut Context<Self>, _: Payload) {}

    #[handle_info]
    async fn tick(&mut self, ctx: &mut Context<Self>, Tick: Tick) {
        ctx.stop();
    }

    #[terminate]
    async fn left(&mut self, _ctx: &mut Context<Self>, reason: Reason) -> () {
        let _ = reason;
    }
}

fn main() {}
