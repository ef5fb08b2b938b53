//! Not public API. Used by the benchmark of routing and by the test that counts its allocations.
#![allow(missing_docs, clippy::missing_errors_doc)]

use crate::channel::Channel;
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::endpoint_error::EndpointError;
use crate::inbox::Inbox;
use crate::joining::Joining;
use crate::message::Ref;
use crate::outbox::Outbox;
use crate::port::{Link, Shared};
use crate::pubsub::Subscriber;
use crate::route::{self, Routes};
use crate::serializer::SerializerHandle;
use crate::sources::Sources;
use std::sync::Arc;

/// Whether a channel serves the topic, as a connection finds out when its client joins.
#[must_use]
pub fn routes<S: Routes>(topic: &str) -> bool {
    route::find::<S>(topic).is_some()
}

/// The context of a channel that has joined, of a client that is not there.
pub fn context<C: Channel<Data = ()>>(socket: C::Socket, topic: &str) -> Result<Context<C>, EndpointError> {
    let shared = shared::<C>(socket, topic)?;
    let (outbox, serializer) = (Arc::clone(&shared.link.outbox), shared.link.serializer.clone());
    let subscriber = Subscriber::Direct { outbox, serializer };
    let subscription = shared.pubsub().subscribe(&shared.topic, subscriber, || ());
    Ok(Context::new(shared, subscription, Sources::new()))
}

/// The context of a channel that joins, of a client that is not there.
pub fn joining<C: Channel<Data = ()>>(socket: C::Socket, topic: &str) -> Result<Joining<C>, EndpointError> {
    Ok(Joining::new(shared(socket, topic)?))
}

fn shared<C: Channel<Data = ()>>(socket: C::Socket, topic: &str) -> Result<Arc<Shared<C>>, EndpointError> {
    let endpoint = Endpoint::builder().socket::<C::Socket>("/socket").build()?;
    let mount = Arc::clone(&endpoint.mounts[0]);
    let limits = &mount.options.limits;
    let outbox = Arc::new(Outbox::new(limits.outbox_bytes));
    let inbox = Inbox::new(limits.inbox_pushes, limits.inbox_messages);
    let socket = Arc::new(socket);
    let link = Link::new(outbox, SerializerHandle::v2(), Arc::clone(&socket) as _, endpoint.hub, mount);
    Ok(Arc::new(Shared {
        link: Arc::new(link),
        socket,
        data: &(),
        inbox,
        topic: topic.into(),
        join_ref: Ref::NULL,
        join_reference: Ref::NULL,
    }))
}
