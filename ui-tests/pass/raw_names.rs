//! Methods, captures and arguments may be called like keywords, and methods like what `#[channel]` writes.

use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);
    channel!("hall:*", HallChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:a")]
    fn r#type() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[join("room:{type}")]
    fn r#join(r#type: u8) -> Result<Self, Refused> {
        let _ = r#type;
        Ok(Self)
    }

    #[handle_in("match")]
    fn r#match(&mut self, event: Payload) -> Result<Payload, Refused> {
        Ok(event)
    }
}

struct HallChannel;

#[channel(socket = UserSocket)]
impl HallChannel {
    #[join("hall:{ctx}:{payload}:{rest..}")]
    fn topic(payload: u8, rest: String, ctx: u8) -> Result<Self, Refused> {
        let _ = (payload, rest, ctx);
        Ok(Self)
    }
}

fn main() {
    assert_eq!(RoomChannel::type_topic(), "room:a");
    assert_eq!(RoomChannel::topic(7), "room:7");
    let methods: Vec<_> = RoomChannel::TABLE.joins.iter().map(|join| join.method).collect();
    assert_eq!(methods, ["type", "join"]);
}
