use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*:x", RoomChannel);
    channel!(RoomChannel);
    channel!("room:*", RoomChannel);
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }

    fn id(&self) -> Option<String> {
        Some("a user".to_owned())
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn describe(socket: &UserSocket) -> String {
    socket.id().unwrap_or_default()
}

fn main() -> Result<(), EndpointError> {
    Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    Ok(())
}
