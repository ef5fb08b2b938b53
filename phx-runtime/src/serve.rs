//! The whole of `main`, for programs whose sockets all declare their mount.

use crate::declared;
use crate::endpoint::Endpoint;
use crate::endpoint_error::{EndpointError, EndpointProblem};
use crate::server::ServeError;
use std::net::SocketAddr;

/// Serves every socket that [declares its mount](macro@crate::socket#declaring-the-mount) at `addr`, until ctrl-c or
/// SIGTERM. It returns when every connection has been closed.
///
/// What it does is short: `Endpoint::builder().build()`, and [`Endpoint::serve`] with the endpoint's own routes. Write
/// that instead for routes beside the sockets, pages elsewhere than on `localhost`, or broadcasts from outside a channel.
///
/// ```standalone_crate,no_run
/// use phx_runtime::prelude::*;
///
/// struct UserSocket;
///
/// #[socket("/socket")]
/// impl Socket for UserSocket {
/// #   async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
///     // …
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), phx_runtime::ServeError> {
///     phx_runtime::serve(([127, 0, 0, 1], 4000)).await
/// }
/// ```
///
/// # Errors
/// When the address cannot be bound, when the sockets do not make an endpoint (see [`EndpointProblem`]), and when there
/// is none.
pub async fn serve(addr: impl Into<SocketAddr>) -> Result<(), ServeError> {
    if declared::sockets().next().is_none() {
        return Err(EndpointError::new(vec![EndpointProblem::NothingDeclared]).into());
    }
    let endpoint = Endpoint::builder().build()?;
    endpoint.serve(addr, endpoint.routes()).await
}
