//! Plain HTTP routes that act on the endpoint from outside any channel.

use phx_runtime::Endpoint;
use serde_json::json;
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

pub(crate) fn routes(
    endpoint: Endpoint,
    node: Option<String>,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send + Sync {
    let with_endpoint = warp::any().map(move || endpoint.clone());
    let broadcast = warp::path!("ctl" / "broadcast" / Segment / Segment)
        .and(warp::post())
        .and(with_endpoint.clone())
        .map(|Segment(topic), Segment(event), endpoint: Endpoint| {
            match endpoint.broadcast(&topic, event, &json!({"from": "server"})) {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
            }
        });
    let disconnect = warp::path!("ctl" / "disconnect" / Segment)
        .and(warp::post())
        .and(with_endpoint.clone())
        .map(|Segment(id), endpoint: Endpoint| {
            endpoint.disconnect(&id);
            StatusCode::OK
        });
    let info =
        warp::path!("ctl" / "info").and(warp::get()).and(with_endpoint).map(move |endpoint: Endpoint| {
            warp::reply::json(&json!({
                "connections": endpoint.connections(),
                "channels": endpoint.channels(),
                "topics": endpoint.topics(),
                "pubsub": "local",
                "node": node,
                "version": env!("CARGO_PKG_VERSION"),
            }))
        });
    broadcast.or(disconnect).or(info)
}

/// A path segment, percent-decoded.
struct Segment(String);

impl std::str::FromStr for Segment {
    type Err = std::str::Utf8Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8()?;
        Ok(Self(decoded.into_owned()))
    }
}
