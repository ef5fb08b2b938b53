//! Phoenix Channels in Rust.

mod channel;
mod channel_task;
mod codec;
mod connection;
mod context;
mod endpoint;
mod error;
mod frame;
mod handshake;
mod hub;
mod inbox;
mod limits;
mod message;
mod outbox;
mod payload;
mod port;
mod pubsub;
mod reply;
mod route;
mod serializer;
mod server;
mod socket;
mod topic;
mod websocket;

pub use channel::{Channel, HandleInfo, Reason};
pub use context::{Context, Deferred, EventName, Joining, Stop};
pub use endpoint::{Endpoint, EndpointBuilder, EndpointError, EndpointProblem, MountOptions};
pub use error::{HandleError, JoinError, Joined};
pub use limits::Limits;
pub use payload::{EncodeError, FromPayload, Payload, PayloadError, ToPayload};
pub use phx_macros::{channel, handle_in, handle_info, handle_out, join, socket, terminate};
pub use reply::{IntoJoined, IntoReply, Refused, Reply};
pub use route::{Route, Routes};
pub use server::{ServeError, Server};
pub use socket::{ConnectInfo, NoParams, Socket};
pub use topic::{Pattern, Segment};

/// What a file that declares sockets and channels needs: `use phx_runtime::prelude::*;`
pub mod prelude {
    pub use crate::{
        Channel, ConnectInfo, Context, Endpoint, EndpointError, Joining, NoParams, Payload, Reason, Refused,
        Reply, Socket, channel, handle_in, handle_info, handle_out, join, socket, terminate,
    };
}
