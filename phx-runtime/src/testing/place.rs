//! Where a client connects, and how.

use super::connect_error::ConnectError;
use super::connection::Connection;
use super::over::Over;
use crate::arrival::Arrival;
use crate::endpoint::Endpoint;
use std::net::SocketAddr;
use warp::http::StatusCode;

#[derive(Clone)]
pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    pub(super) over: Over,
    /// Of the server, if there is a network.
    pub(super) addr: Option<SocketAddr>,
}

impl Place {
    pub(super) async fn connect(&self, arrival: &Arrival) -> Result<Connection, ConnectError> {
        let connected = self.request(arrival).await;
        connected.map_err(|error| match error.status() {
            Some(StatusCode::NOT_FOUND) => {
                self.missing(&arrival.path).map_or(error, ConnectError::NotMounted)
            }
            _ => error,
        })
    }

    async fn request(&self, arrival: &Arrival) -> Result<Connection, ConnectError> {
        let Some(addr) = self.addr else {
            return Connection::in_process(&self.endpoint, arrival.clone()).await;
        };
        let Arrival { path, query, headers, .. } = arrival;
        let path = format!("{addr}{path}/{}?{query}", self.over.transport());
        match self.over {
            Over::LongPollV1 | Over::LongPollV2 => {
                Connection::longpoll(&format!("http://{path}"), headers).await
            }
            _ => Connection::websocket(&format!("ws://{path}"), headers).await,
        }
    }

    /// What there is not that the client asks for. `None` if it is there: then the socket has answered so.
    fn missing(&self, path: &str) -> Option<String> {
        let mounts = &self.endpoint.mounts;
        let at = |path: &str| mounts.iter().rev().find(|mount| mount.paths.base.captures(path).is_some());
        let Some(mount) = at(path) else {
            let transport = |end: &str| path.strip_suffix(end).is_some_and(|path| at(path).is_some());
            if ["/websocket", "/longpoll"].into_iter().any(transport) {
                return Some(format!(
                    "{path:?} is the path of a transport: give that of the socket, without it"
                ));
            }
            let paths: Vec<_> = mounts.iter().map(|mount| format!("{:?}", mount.path)).collect();
            let paths = if paths.is_empty() { "no socket at all".to_owned() } else { paths.join(", ") };
            return Some(format!("no socket is mounted at {path:?}: there is {paths}"));
        };
        let (transport, ours) = match self.over.transport() {
            "websocket" => ("WebSockets", Some(&mount.options.websocket_path)),
            "longpoll" => ("long polling", mount.options.longpoll.as_ref().map(|options| &options.path)),
            _ => return None,
        };
        match ours {
            None => Some(format!(
                "the socket at {path:?} has no {transport}: it is mounted without `options.longpoll`"
            )),
            Some(ours) if ours != self.over.transport() => Some(format!(
                "the socket at {path:?} has its {transport} at {ours:?}, which is only for a `Connection`"
            )),
            Some(_) => None,
        }
    }
}
