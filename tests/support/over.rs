//! The same test over each transport and in each version of the protocol.

use super::client::Client;
use phx_runtime::{Arrival, Endpoint};
use std::net::SocketAddr;

pub(crate) use phx_runtime::testing::Over;

/// Where a server is to be reached.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) addr: SocketAddr,
    pub(crate) endpoint: Endpoint,
}

impl At {
    /// Connects to the socket at `mount`, with more parameters, such as `&id=ann`.
    pub(crate) async fn connect(&self, over: Over, mount: &str, params: &str) -> Client {
        let Self { addr, endpoint } = self;
        let version = over.version();
        let path = format!("{addr}{mount}/{}?vsn={}{params}", over.transport(), version.vsn());
        match over {
            Over::WebSocketV1 | Over::WebSocketV2 => {
                Client::connect(&format!("ws://{path}")).await.translating_to(version)
            }
            Over::LongPollV1 | Over::LongPollV2 => {
                Client::connect_longpoll(&format!("http://{path}"), version).await
            }
            Over::InProcess => {
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
