use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel<u64>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel<T>(T);

#[channel(socket = UserSocket)]
impl<T: Default + Send + 'static> RoomChannel<T> {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self(T::default()))
    }

    #[handle_in("text")]
    fn text(&mut self) -> Result<String, Refused>
    where
        T: std::fmt::Display,
    {
        Ok(self.0.to_string())
    }
}

fn main() {}
