//! An impl block may come out of a macro, and have braces in odd places.

use phx_runtime::prelude::*;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel<{ 8 * 8 }>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct RoomChannel<const N: usize>;

macro_rules! room {
    ($ty:ty, $pattern:literal, $event:literal, $constant:path, $method:item, $reply:block) => {
        #[channel(socket = UserSocket)]
        impl $ty {
            #[join($pattern)]
            fn join() -> Result<RoomChannel<{ 8 * 8 }>, Refused> {
                Ok(Self)
            }

            $method

            const PANG: Event<u8> = Event::new("pang");

            #[handle_in($constant)]
            fn pang(&mut self, number: u8) -> Result<u8, Refused> {
                Ok(number)
            }

            #[handle_in($event)]
            fn pong(&mut self) -> Result<u8, Refused> $reply

            const SIZE: fn() -> usize = { || 64 };
        }
    };
}

room!(
    RoomChannel<{ 8 * 8 }>,
    "room:*",
    "pong",
    RoomChannel::<{ 8 * 8 }>::PANG,
    #[handle_in("ping")]
    fn ping(&mut self) -> Result<u8, Refused> {
        Ok(1)
    },
    { Ok(2) }
);

fn main() {
    assert_eq!(RoomChannel::SIZE(), 64);
    assert!(matches!(RoomChannel.ping(), Ok(1)));
    assert!(matches!(RoomChannel.pong(), Ok(2)));
    assert!(matches!(RoomChannel.pang(3), Ok(3)));
}
