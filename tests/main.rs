//! Conversations with a real server over real sockets, frame by frame. Section numbers are those of
//! `docs/protocol.md`; [`support`] has the server, the client and the channels they talk to. What is about channels runs
//! over each transport in each version of the protocol, from one source (`support/over.rs`).

mod background;
mod backpressure;
mod binary;
mod channel_ends;
mod compression;
mod custom_serializer;
mod custom_socket;
mod custom_transport;
mod disconnect;
mod drain;
mod duplicate_join;
mod endpoint;
mod handshake;
mod hostile;
mod intercepts;
mod join;
mod leave;
mod longpoll;
mod model;
mod notifications;
mod observability;
mod order;
mod presence;
mod refs;
mod route_data;
mod routing;
mod server;
mod sketch;
mod subscriptions;
mod support;
mod testkit;
mod timers;
mod typed;
mod v1;
mod websocket;
