//! The same test over each transport and in each version of the protocol.

use super::client::{Client, Version};
use phx_runtime::{Arrival, Endpoint};
use std::net::SocketAddr;

/// How a client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    WebSocketV1,
    WebSocketV2,
    LongPollV1,
    LongPollV2,
    /// A transport of the test's own, without a network: version 2.
    InProcess,
}

/// Where a server is to be reached.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) addr: SocketAddr,
    pub(crate) endpoint: Endpoint,
}

impl Over {
    pub(crate) const ALL: [Self; 5] =
        [Self::WebSocketV1, Self::WebSocketV2, Self::LongPollV1, Self::LongPollV2, Self::InProcess];

    pub(crate) fn version(self) -> Version {
        match self {
            Self::WebSocketV1 | Self::LongPollV1 => Version::V1,
            Self::WebSocketV2 | Self::LongPollV2 | Self::InProcess => Version::V2,
        }
    }

    /// The name of the transport in the log, which is also the last segment of its path, if it has one.
    pub(crate) fn transport(self) -> &'static str {
        match self {
            Self::WebSocketV1 | Self::WebSocketV2 => "websocket",
            Self::LongPollV1 | Self::LongPollV2 => "longpoll",
            Self::InProcess => "custom",
        }
    }

    /// Connects to the socket at `mount`, with more parameters, such as `&id=ann`.
    pub(crate) async fn connect(self, at: &At, mount: &str, params: &str) -> Client {
        let At { addr, endpoint } = at;
        let version = self.version();
        let path = format!("{mount}/{}?vsn={}{params}", self.transport(), version.vsn());
        match self {
            Self::WebSocketV1 | Self::WebSocketV2 => {
                Client::connect(&format!("ws://{addr}{path}")).await.translating_to(version)
            }
            Self::LongPollV1 | Self::LongPollV2 => Client::connect_longpoll(*addr, path, version).await,
            Self::InProcess => {
                let arrival = Arrival::new(mount, format!("vsn=2.0.0{params}"));
                Client::connect_in_process(endpoint, arrival).await
            }
        }
    }
}

/// `#[apply(each_transport)]` above the attributes of a test that takes an [`Over`] runs it over all of them.
macro_rules! each_transport {
    ($($test:tt)*) => {
        $crate::support::over::cases! {
            [websocket_v1 WebSocketV1, websocket_v2 WebSocketV2, longpoll_v1 LongPollV1, longpoll_v2 LongPollV2,
             in_process InProcess]
            $($test)*
        }
    };
}

/// The same for a test that is about version 2, and says why.
macro_rules! each_transport_of_v2 {
    ($($test:tt)*) => {
        $crate::support::over::cases! { [websocket_v2 WebSocketV2, longpoll_v2 LongPollV2, in_process InProcess] $($test)* }
    };
}

/// The same for a test whose client vanishes or does not read, for which long polling has no word.
macro_rules! each_websocket {
    ($($test:tt)*) => {
        $crate::support::over::cases! { [websocket_v1 WebSocketV1, websocket_v2 WebSocketV2] $($test)* }
    };
}

/// A module with the name of the test, and in it a test for each case.
macro_rules! cases {
    ($cases:tt $(#[$attribute:meta])* async fn $name:ident($over:ident: Over $(,)?) -> TestResult $body:block) => {
        mod $name {
            use super::*;
            async fn test($over: Over) -> TestResult $body
            $crate::support::over::cases! { @tests $cases { $(#[$attribute])* } }
        }
    };
    (@tests [$($case:ident $over:ident),+] $attributes:tt) => {
        $($crate::support::over::cases! { @test $case $over $attributes })+
    };
    (@test $case:ident $over:ident { $($attributes:tt)* }) => {
        $($attributes)*
        async fn $case() -> TestResult {
            test(Over::$over).await
        }
    };
}

pub(crate) use {cases, each_transport, each_transport_of_v2, each_websocket};
