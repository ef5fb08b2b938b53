//! What a transport of the user's own knows of a client that arrives.

use crate::server::Accepted;
use std::convert::Infallible;
use std::net::SocketAddr;
use warp::Filter;
use warp::http::HeaderMap;

/// A client that arrives by a transport of your own, for [`Endpoint::connect`](crate::Endpoint::connect).
///
/// ```
/// use phx_runtime::Arrival;
///
/// let mut arrival = Arrival::new("/socket", "vsn=2.0.0&user=ann");
/// arrival.headers.insert("user-agent", "a test".parse()?);
/// arrival.text_only = true;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arrival {
    /// The path of the mount, as it was given to [`EndpointBuilder::socket`](crate::EndpointBuilder::socket), with values
    /// in the place of named segments.
    pub path: String,
    /// The parameters, as they stand behind the `?` of an address. `vsn` is among them, and without it means 1.0.0.
    pub query: String,
    /// Those of the HTTP request, if there is one: `origin` is checked, and [`ConnectInfo`](crate::ConnectInfo) has the
    /// rest. Where the mount reads [`auth_token`](crate::MountOptions::auth_token)s, that is `x-phoenix-authtoken`.
    pub headers: HeaderMap,
    /// Where the client comes from; [`peer_addr`](crate::peer_addr) is a filter that knows.
    pub peer_addr: Option<SocketAddr>,
    /// What the transport is called in the log. Default `custom`.
    pub transport: &'static str,
    /// Whether the transport can carry text only. [`V2`](crate::V2) then sends a binary payload as
    /// `{"base64": "…"}`. Default false.
    pub text_only: bool,
}

impl Arrival {
    /// Without headers and address.
    pub fn new(path: impl Into<String>, query: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: query.into(),
            headers: HeaderMap::new(),
            peer_addr: None,
            transport: "custom",
            text_only: false,
        }
    }
}

/// A filter that gives the address of the TCP peer, for [`Arrival::peer_addr`] and for routes of your own:
/// `warp::addr::remote` knows it under `warp::serve` only.
///
/// ```
/// use warp::Filter;
///
/// let whoami = warp::path!("whoami").and(phx_runtime::peer_addr()).map(|peer| format!("{peer:?}"));
/// ```
#[must_use]
pub fn peer_addr() -> impl Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Copy {
    warp::ext::optional::<Accepted>()
        .and(warp::addr::remote())
        .map(|accepted: Option<Accepted>, peer| accepted.map(|accepted| accepted.peer).or(peer))
}
