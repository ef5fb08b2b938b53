use phx_runtime::prelude::*;

struct UserSocket;

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
}

fn main() -> Result<(), EndpointError> {
    Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    Ok(())
}
