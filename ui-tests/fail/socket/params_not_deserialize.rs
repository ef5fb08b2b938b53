use phx_runtime::prelude::*;

struct UserSocket;

struct Login {
    token: String,
}

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);

    type Params = Login;

    async fn connect(login: Login, _: &ConnectInfo) -> Result<Self, Refused> {
        if login.token.is_empty() { Err(Refused::new("unauthorized")) } else { Ok(Self) }
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

fn main() {}
