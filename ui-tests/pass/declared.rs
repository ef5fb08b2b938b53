//! A socket may declare where it is mounted, and with which options.

use phx_runtime::prelude::*;
use phx_runtime::{CheckOrigin, Compression, Limits, SessionCookie};
use std::time::Duration;

struct PlainSocket;

#[socket("/plain")]
impl Socket for PlainSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct OptionsSocket;

const MAX: usize = 3;

fn options() -> Limits {
    let mut limits = Limits::default();
    limits.max_topic_bytes = 100;
    limits
}

#[socket(
    "/options/{tenant}",
    auth_token,
    // The function, not the variable of an expansion.
    limits = options(),
    limits.max_channels = MAX,
    limits.idle_timeout = Duration::from_secs(30),
    compress = Some(Compression::default()),
    compress.level = 1,
    check_origin = Some(CheckOrigin::list(["https://example.com"])),
    drain.batch_size = 500,
    longpoll,
    longpoll.window = Duration::from_secs(5),
    longpoll.path = "{room}/poll".to_owned(),
    session = Some(SessionCookie::new("_my_app_key", "signing salt")),
    websocket_path = "ws".to_owned(),
    log.join = None,
)]
impl Socket for OptionsSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Room;

#[channel(socket = OptionsSocket)]
impl Room {
    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

mod elsewhere {
    use phx_runtime::prelude::*;

    pub(crate) struct UserSocket;

    #[cfg(all(unix, windows))]
    #[socket("/never")]
    impl Socket for UserSocket {
        async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
            Ok(Self)
        }
    }

    #[cfg(not(all(unix, windows)))]
    #[socket("/elsewhere")]
    impl Socket for UserSocket {
        async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
            Ok(Self)
        }
    }
}

struct TurnedOnSocket;

#[socket("/turned_on", auth_token, compress, longpoll, drain = None)]
impl Socket for TurnedOnSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct PartsSocket;

// A part of what is off turns it on.
#[socket("/parts", longpoll.max_batch = 10, compress.level = 9)]
impl Socket for PartsSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

macro_rules! declare {
    ($name:ident, $path:literal, $max:expr) => {
        struct $name;

        #[socket($path, limits.max_channels = $max)]
        impl Socket for $name {
            async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
                Ok(Self)
            }
        }
    };
}

declare!(MadeSocket, "/made", 1 + 2);

fn main() -> Result<(), EndpointError> {
    let endpoint = Endpoint::builder().secret_key_base("s".repeat(64)).build()?;
    let mounts = r#"Endpoint { mounts: ["/elsewhere", "/made", "/options/{tenant}", "/parts", "/plain", "/turned_on"], .. }"#;
    assert_eq!(format!("{endpoint:?}"), mounts);
    Ok(())
}
