//! What routes in can be built out.

use phx_runtime::prelude::*;
use std::fmt;
use std::str::FromStr;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", RoomChannel);
    channel!("file:*", FileChannel);
    channel!("own:*", OwnChannel<u8>);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Floor(u8);

impl FromStr for Floor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Can be read, but not written.
enum Kind {
    Any,
}

impl FromStr for Kind {
    type Err = std::convert::Infallible;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Ok(Self::Any)
    }
}

struct RoomChannel;

#[channel(socket = UserSocket)]
impl RoomChannel {
    #[join("room:lobby")]
    fn lobby() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[join("room:{id}")]
    fn join(id: u64) -> Result<Self, Refused> {
        let _ = id;
        Ok(Self)
    }

    #[join("room:{floor}:{type}")]
    fn typed(r#type: String, _floor: Floor) -> Result<Self, Refused> {
        let _ = r#type;
        Ok(Self)
    }

    #[join("room:of:{kind}:x:y")]
    fn of(kind: Kind) -> Result<Self, Refused> {
        let Kind::Any = kind;
        Ok(Self)
    }
}

struct FileChannel;

#[channel(socket = UserSocket)]
impl FileChannel {
    #[join("file:{user}:{path..}")]
    fn open(user: u32, path: String) -> Result<Self, Refused> {
        let _ = (user, path);
        Ok(Self)
    }
}

struct OwnChannel<T>(T);

#[channel(socket = UserSocket)]
impl<T: FromStr + fmt::Display + Send + 'static> OwnChannel<T> {
    #[join("own:pre*")]
    fn prefix() -> Result<Self, Refused> {
        Err(Refused::new("no"))
    }

    #[join("own:{value}")]
    fn join(value: T) -> Result<Self, Refused> {
        Ok(Self(value))
    }

    fn topic(&self) -> String {
        format!("own:{}", self.0)
    }
}

fn main() {
    assert_eq!(RoomChannel::lobby_topic(), "room:lobby");
    assert_eq!(RoomChannel::topic(7), "room:7");
    assert_eq!(RoomChannel::typed_topic(&Floor(2), "big").as_deref(), Ok("room:2:big"));
    assert!(RoomChannel::typed_topic(&Floor(2), "big:3").is_err());
    assert_eq!(FileChannel::topic(1, "a:b"), "file:1:a:b");
    assert_eq!(OwnChannel::<u8>::prefix_topic("fix:1"), "own:prefix:1");
    assert_eq!(OwnChannel(1).topic(), "own:1");
}
