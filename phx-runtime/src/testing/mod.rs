#![doc = include_str!("../../docs/testing.md")]

mod channel;
mod client;
mod clock;
mod compare;
mod connect_error;
mod connection;
mod entry;
mod faults;
/// Not public API. For the tests of this project.
#[doc(hidden)]
pub mod http;
mod in_process;
mod inner;
mod join;
mod join_error;
mod journal;
mod line;
mod link;
mod longpoll;
mod name;
mod over;
mod place;
mod replies;
mod seek;
mod server;
mod step;
mod subscription;
mod version;
mod wire;

pub use channel::{Pushed, TestChannel};
pub use client::TestClient;
pub use connect_error::ConnectError;
pub use connection::{Connection, ConnectionError};
pub use join_error::JoinError;
pub use link::WebSocket;
pub use name::AnyEvent;
pub use over::{Over, TestResult, over_each};
pub use server::TestServer;
pub use step::Step;
pub use subscription::TestSubscription;
/// The library whose messages a [`Connection`] carries.
pub use tokio_tungstenite::tungstenite;
pub use version::Version;
