//! The ways by which a client comes: what is particular to each in the handshake.

use crate::connect_info::ConnectInfo;
use crate::desk::Life;
use crate::extensions;
use crate::hub::Hub;
use crate::metrics::Check;
use crate::mount::{Mount, MountOptions};
use crate::outbox::Outbox;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::session_task;
use crate::subprotocol::{self, InvalidToken, NoneInCommon};
use crate::transport::{Line, Transport};
use crate::upgrade::Upgrade;
use hyper::upgrade::OnUpgrade;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::reply::Response;

/// In the order in which the handshake asks.
pub(crate) trait Way: Send {
    /// What becomes of a client that is let in.
    type Arrived;

    /// For the log.
    fn name(&self) -> &'static str;

    fn allows_method(&self, method: &Method) -> bool;

    /// Reads the token, or takes it out of the headers.
    fn auth_token(&self, headers: &mut HeaderMap) -> Result<Option<String>, InvalidToken>;

    /// What there is to agree on besides.
    fn agree(&mut self, headers: &HeaderMap, mount: &Mount) -> Result<(), Refusal>;

    /// Whether the client can be sent text only.
    fn is_text_only(&self) -> bool;

    /// Where what is sent to the client waits, up to so many bytes.
    fn outbox(&self, limit: usize) -> Outbox;

    /// The transport has let the client in: begins.
    fn begin<T: Transport>(
        self,
        info: &ConnectInfo,
        hub: &Arc<Hub>,
        transport: T,
        line: Line<T::Info>,
    ) -> Result<Self::Arrived, Refusal>;
}

/// A request that is to become a WebSocket; what becomes of it is the answer.
pub(crate) struct ByWebSocket {
    pub(crate) on_upgrade: Option<OnUpgrade>,
    /// The connection's share of the server's limit.
    pub(crate) permit: Option<Arc<OwnedSemaphorePermit>>,
    pub(crate) subprotocol: Option<HeaderValue>,
}

impl Way for ByWebSocket {
    type Arrived = Response;

    fn name(&self) -> &'static str {
        "websocket"
    }

    fn allows_method(&self, method: &Method) -> bool {
        method == Method::GET
    }

    fn auth_token(&self, headers: &mut HeaderMap) -> Result<Option<String>, InvalidToken> {
        subprotocol::take_token(headers)
    }

    fn agree(&mut self, headers: &HeaderMap, mount: &Mount) -> Result<(), Refusal> {
        let MountOptions { subprotocols, auth_token, .. } = &mount.options;
        let agreed = subprotocol::negotiate(headers, subprotocols.as_deref(), *auth_token);
        self.subprotocol = agreed.map_err(|NoneInCommon| {
            mount.complain_of_subprotocols(headers);
            Refusal::new(StatusCode::FORBIDDEN, Check::Subprotocol, "none of the subprotocols is supported")
        })?;
        Ok(())
    }

    fn is_text_only(&self) -> bool {
        false
    }

    fn outbox(&self, limit: usize) -> Outbox {
        Outbox::new(limit)
    }

    fn begin<T: Transport>(
        self,
        info: &ConnectInfo,
        hub: &Arc<Hub>,
        transport: T,
        mut line: Line<T::Info>,
    ) -> Result<Response, Refusal> {
        let upgrade = Upgrade::of(info.headers(), self.on_upgrade)
            .map_err(|reason| Refusal::bad_request(Check::Upgrade, reason))?;
        // From here on the connection can be closed from outside, whether the client has its answer yet or not.
        let books = (hub.connected(&line.outbox, &line.mount), self.permit);
        let compression = line.mount.compression.clone();
        let agreed = compression.and_then(|settings| Some((extensions::accept(info.headers())?, settings)));
        let (extension, compression) = agreed.unzip();
        line.compression = compression;
        Ok(upgrade.accept(self.subprotocol, extension, transport, line, books))
    }
}

/// A client whose messages somebody else brings and fetches.
pub(crate) struct BySession {
    /// How they are brought.
    pub(crate) name: &'static str,
    pub(crate) life: Life,
    pub(crate) is_text_only: bool,
    /// Dropped when the session has ended, or does not begin.
    pub(crate) books: Box<dyn Send>,
}

impl Way for BySession {
    type Arrived = Session;

    fn name(&self) -> &'static str {
        self.name
    }

    fn allows_method(&self, _: &Method) -> bool {
        true
    }

    fn auth_token(&self, headers: &mut HeaderMap) -> Result<Option<String>, InvalidToken> {
        subprotocol::plain_token(headers)
    }

    fn agree(&mut self, _: &HeaderMap, _: &Mount) -> Result<(), Refusal> {
        Ok(())
    }

    fn is_text_only(&self) -> bool {
        self.is_text_only
    }

    fn outbox(&self, limit: usize) -> Outbox {
        Outbox::to_be_fetched(limit)
    }

    fn begin<T: Transport>(
        self,
        _: &ConnectInfo,
        hub: &Arc<Hub>,
        transport: T,
        line: Line<T::Info>,
    ) -> Result<Session, Refusal> {
        let books = (hub.connected(&line.outbox, &line.mount), self.books);
        Ok(session_task::start(transport, line, self.life, hub, books))
    }
}
