use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:{room_id}")]
    fn join(rom_id: u64) -> Result<Self, Refused> {
        let _ = rom_id;
        Ok(Self)
    }
}

fn main() {}
