//! What a user calls our names is the user's choice.

use phx_runtime::{
    Channel as _, ConnectInfo, Endpoint, EndpointError, NoParams, Refused, Socket as PhxSocket,
};

struct UserSocket;

#[phx_runtime::socket]
impl PhxSocket for UserSocket {
    channel!("room:*", RoomChannel);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel;

#[::phx_runtime::channel(socket = UserSocket)]
impl RoomChannel {
    #[::phx_runtime::join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[phx_runtime::handle_in("ping")]
    fn ping(&mut self) {}
}

fn main() -> Result<(), EndpointError> {
    assert_eq!(RoomChannel::TABLE.joins.len(), 1);
    Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    Ok(())
}
