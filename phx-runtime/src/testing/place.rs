//! Where a client connects, and how.

use super::connect_error::ConnectError;
use super::connection::Connection;
use super::over::Over;
use crate::arrival::Arrival;
use crate::endpoint::Endpoint;
use std::net::SocketAddr;

#[derive(Clone)]
pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    pub(super) over: Over,
    /// Of the server, if there is a network.
    pub(super) addr: Option<SocketAddr>,
}

impl Place {
    pub(super) async fn connect(&self, arrival: &Arrival) -> Result<Connection, ConnectError> {
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
}
