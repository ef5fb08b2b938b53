//! Channels as what a connection speaks: who gets in, and the way to `connection.rs`.

use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::frame::Opcode;
use crate::metrics::Check;
use crate::port::Link;
use crate::pubsub::{Subscriber, Subscription};
use crate::refusal::Refusal;
use crate::route;
use crate::socket::Socket;
use crate::transport::{ConnectRequest, Flow, Transport, TransportContext};
use bytes::Bytes;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use warp::http::StatusCode;
use warp::reply::Response;

/// The channels of one client of the socket `S`.
pub(crate) struct Channels<S> {
    connection: Connection,
    /// By which the connection is closed from outside. Boxed: one without a name should not pay for it.
    _named: Option<Box<Subscription>>,
    socket: PhantomData<fn() -> S>,
}

impl<S: Socket> Transport for Channels<S> {
    type Info = Infallible;

    async fn connect(request: &ConnectRequest<'_>) -> Result<Self, Response> {
        let vsn = request.params.text("vsn");
        let Some(serializer) = request.mount.options.serializers.negotiate(vsn.as_deref()) else {
            let vsn: String = vsn.as_deref().unwrap_or("1.0.0").chars().take(40).collect();
            let reason = format!("no serializer for version {vsn:?}");
            return Err(Refusal::new(StatusCode::FORBIDDEN, Check::Version, reason).pack());
        };
        let serializer = if request.text_only { serializer.for_text() } else { serializer };
        let params = request.params::<S::Params>().map_err(|error| {
            // The error may quote what the log must not hold.
            let hides = request.mount.options.log.filter_parameters.hides_any(request.params);
            let reason = if hides { "the parameters do not fit".to_owned() } else { error.to_string() };
            Refusal::new(StatusCode::FORBIDDEN, Check::Params, reason).pack()
        })?;
        let socket = S::connect(params, request.info).await.map_err(|refused| {
            Refusal::with_answer(S::refused(&refused), Check::Connect, refused.reason().to_owned()).pack()
        })?;
        let ConnectRequest { outbox, hub, mount, .. } = *request;
        let named = socket.id().map(|id| {
            let subscriber = Subscriber::Connection(Arc::clone(outbox));
            Box::new(hub.pubsub.subscribe(&id.into(), subscriber, || ()))
        });
        let (outbox, hub, mount) = (Arc::clone(outbox), Arc::clone(hub), Arc::clone(mount));
        let link = Arc::new(Link::new(outbox, serializer, Arc::new(socket), hub, mount));
        let connection = Connection::new(link, route::find::<S>);
        Ok(Self { connection, _named: named, socket: PhantomData })
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        self.connection.poll_ready(cx)
    }

    fn handle_in(&mut self, opcode: Opcode, frame: Bytes, ctx: &mut TransportContext<'_, '_, Self>) -> Flow {
        self.connection.handle(opcode, frame, ctx.task)
    }

    async fn background(endpoint: Endpoint) {
        S::background(endpoint).await;
    }
}
