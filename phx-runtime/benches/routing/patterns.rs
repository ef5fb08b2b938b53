//! Sockets with 3, 10 and 50 `channel!` lines. All end in `*`, since that is what a map by hand can serve too.

use phx_runtime::prelude::*;

pub(crate) trait Listed: Socket {
    const PATTERNS: &'static [&'static str];
}

macro_rules! sockets {
    ($socket:ident $channel:ident $($pattern:literal)*) => {
        pub(crate) struct $socket;

        #[socket]
        impl Socket for $socket {
            $(channel!($pattern, $channel);)*

            async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
                Ok(Self)
            }
        }

        impl Listed for $socket {
            const PATTERNS: &'static [&'static str] = &[$($pattern),*];
        }

        pub(crate) struct $channel;

        #[channel(socket = $socket)]
        impl $channel {
            #[join("*")]
            fn join() -> Result<Self, Refused> {
                Ok(Self)
            }
        }
    };
}

macro_rules! sizes {
    ([$($three:literal)*] [$($to_ten:literal)*] [$($to_fifty:literal)*]) => {
        sockets!(Three OfThree $($three)*);
        sockets!(Ten OfTen $($three)* $($to_ten)*);
        sockets!(Fifty OfFifty $($three)* $($to_ten)* $($to_fifty)*);
    };
}

sizes! {
    [
        "room:*" "user:*" "document:*"
    ]
    [
        "board:*" "thread:*" "game:*" "lobby:*" "team:*" "project:*" "channel:*"
    ]
    [
        "file:*" "order:*" "cart:*" "invoice:*" "ticket:*" "device:*" "sensor:*" "alert:*" "report:*"
        "dashboard:*" "auction:*" "bid:*" "match:*" "player:*" "guild:*" "quest:*" "inventory:*" "market:*"
        "wallet:*" "payment:*" "driver:*" "rider:*" "trip:*" "fleet:*" "route:*" "map:*" "camera:*"
        "stream:*" "video:*" "call:*" "meeting:*" "calendar:*" "event:*" "poll:*" "quiz:*" "course:*"
        "lesson:*" "article:*" "comment:*" "feed:*"
    ]
}
