//! An event may be a constant, which the attributes take in place of its name.

use phx_runtime::prelude::*;
use serde::{Deserialize, Serialize};

mod shared {
    use phx_runtime::Event;

    pub(crate) const PING: Event<u64> = Event::new("ping");

    pub(crate) const fn prefixed(name: &'static str) -> Event<u64> {
        match name.as_bytes() {
            b"ping" => Event::new("my_ping"),
            _ => Event::new(name),
        }
    }
}

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[derive(Serialize, Deserialize)]
struct NewMsg {
    body: String,
}

#[channel(socket = UserSocket)]
impl RoomChannel {
    /// Somebody says something.
    const NEW_MSG: Event<NewMsg> = Event::new("new_msg");
    const CLOSED: Event<()> = Event::new("closed");
    const COPY: Event<NewMsg> = Self::NEW_MSG;
    /// Called otherwise than what stands in it.
    const MADE: Event<u64> = shared::prefixed("ping");
    #[cfg(any())]
    const EITHER: Event<u64> = Event::new("close");
    #[cfg(not(any()))]
    const EITHER: Event<u64> = Event::new("either");
    const LIMIT: usize = 10;
    #[cfg(any())]
    const MISSING: Event<Missing> = Event::new("missing");

    #[join("room:{id}")]
    async fn join(id: u64) -> Result<Self, Refused> {
        let _ = id;
        Ok(Self)
    }

    #[handle_in(Self::NEW_MSG)]
    async fn new_msg(&mut self, msg: NewMsg, ctx: &mut Context<Self>) -> Result<(), Refused> {
        if msg.body.len() > Self::LIMIT {
            return Err(Refused::new("too long"));
        }
        ctx.broadcast(Self::NEW_MSG, &msg);
        ctx.broadcast("new_msg", &"anything");
        Ok(())
    }

    #[handle_in(shared::PING)]
    fn ping(&mut self, number: u64, ctx: &mut Context<Self>) {
        ctx.push(shared::PING, &number);
    }

    /// Undecoded, as it came.
    #[handle_in(<Self as Events>::RAW)]
    fn raw(&mut self, payload: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("raw", &payload);
    }

    #[handle_in(Self::MADE)]
    fn made(&mut self) {}

    #[handle_in(Self::EITHER)]
    fn either(&mut self) {}

    #[handle_in("close")]
    fn close(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast_from(Self::CLOSED, &());
    }

    #[handle_out(Self::NEW_MSG)]
    fn show(&mut self, msg: NewMsg, ctx: &mut Context<Self>) {
        ctx.push(Self::NEW_MSG, &msg);
    }

    #[handle_out("ad_hoc")]
    fn ad_hoc(&mut self) {}
}

trait Events {
    const RAW: Event<NewMsg> = Event::new("raw");
}

impl Events for RoomChannel {}

fn main() {
    let table = RoomChannel::TABLE;
    let events_in: Vec<_> = table.events_in.iter().map(|row| row.event).collect();
    let expected = ["new_msg", "ping", "raw", "my_ping", "either", "close"];
    assert_eq!(events_in, expected);
    let events_out: Vec<_> = table.events_out.iter().map(|row| row.event).collect();
    assert_eq!(events_out, ["new_msg", "closed", "new_msg", "my_ping", "either", "ad_hoc"]);
    assert_eq!(table.intercepts, ["new_msg", "ad_hoc"]);
}
