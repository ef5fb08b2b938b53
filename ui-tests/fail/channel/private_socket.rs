use phx_runtime::prelude::*;

mod rooms {
    use phx_runtime::prelude::*;

    struct UserSocket;

    #[socket]
    impl Socket for UserSocket {
        channel!("room:*", RoomChannel);

        async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
            Ok(Self)
        }
    }

    pub struct RoomChannel;

    #[channel(socket = UserSocket)]
    impl RoomChannel {
        #[join("room:*")]
        fn join() -> Result<Self, Refused> {
            Ok(Self)
        }
    }
}

fn main() {
    assert_eq!(<rooms::RoomChannel as Channel>::TABLE.joins.len(), 1);
}
