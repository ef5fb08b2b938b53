use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Default for UserSocket {
    channel!("room:*", RoomChannel);

    fn default() -> Self {
        Self
    }
}

impl Socket for UserSocket {
    type Params = NoParams;

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self::default())
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() -> Result<(), EndpointError> {
    Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    Ok(())
}
