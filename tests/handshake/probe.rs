//! A socket that answers what its `connect` saw, as the body of a refusal.

use crate::support::{TestResult, TestServer};
use phx_runtime::prelude::*;
use phx_runtime::{Endpoint, MountOptions};
use std::borrow::Cow;
use warp::http::StatusCode;
use warp::reply::{Reply as _, Response, with_status};

/// A constant on the mount.
#[derive(Clone)]
pub(super) struct Region(pub(super) &'static str);

pub(super) struct Probe;

#[socket]
impl Socket for Probe {
    type Params = serde_json::Value;

    async fn connect(params: serde_json::Value, info: &ConnectInfo) -> Result<Self, Refused> {
        let headers = |headers: &mut dyn Iterator<Item = (&str, Cow<'_, str>)>| {
            headers.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        let saw = serde_json::json!({
            "params": params,
            "peer": info.peer_addr().map(|peer| peer.ip().to_string()),
            "uri": info.uri().to_string(),
            "user_agent": info.user_agent(),
            "x": headers(&mut info.x_headers()),
            "sec_websocket": headers(&mut info.sec_websocket_headers()),
            "trace": headers(&mut info.trace_context_headers()),
            "auth_token": info.auth_token(),
            "region": info.data::<Region>().map(|region| region.0),
        });
        Err(Refused::new(saw.to_string()))
    }

    fn refused(refused: &Refused) -> Response {
        with_status(refused.reason().to_owned(), StatusCode::IM_A_TEAPOT).into_response()
    }
}

pub(super) async fn start(
    path: &str,
    options: impl FnOnce(&mut MountOptions),
) -> Result<TestServer, Box<dyn std::error::Error>> {
    Ok(TestServer::build(Endpoint::builder().socket_with::<Probe>(path, options)).await?)
}

/// What `connect` saw of a request.
pub(super) async fn saw(
    server: &TestServer,
    path: &str,
    headers: &str,
) -> Result<serde_json::Value, Box<dyn std::error::Error>> {
    let answer = crate::support::http::request(server, "GET", path, headers).await?;
    if answer.status == 418 {
        Ok(serde_json::from_str(&answer.body)?)
    } else {
        Err(format!("connect was not asked: {answer:?}").into())
    }
}

/// What `connect` got as its parameters.
pub(super) async fn assert_params(server: &TestServer, path: &str, params: serde_json::Value) -> TestResult {
    assert_eq!(saw(server, path, "").await?["params"], params, "{path}");
    Ok(())
}
