//! A message is any value that a channel can keep.

use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_info]
    fn call(&mut self, f: Box<dyn Fn(&str) + Send>) {
        f("now");
    }

    #[handle_info]
    fn text(&mut self, text: std::borrow::Cow<'static, str>) {
        let _ = text;
    }

    #[handle_info]
    fn texts(&mut self, texts: Vec<&'static str>) {
        let _ = texts;
    }
}

fn main() {}
