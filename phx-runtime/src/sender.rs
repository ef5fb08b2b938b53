//! A way to a channel's `#[handle_info]` for other tasks.

use crate::channel::{Channel, Info};
use crate::port::Shared;
use std::fmt;
use std::sync::{Arc, Weak};

/// Sends a channel messages from outside of it; see [`Context::sender`](crate::Context::sender).
///
/// It does not keep the channel, its socket or its connection alive. Clones send to the same channel.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # async fn next_price() -> f64 { 1.0 }
/// struct Price(f64);
///
/// # #[channel(socket = UserSocket)]
/// # impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
/// #[handle_in("watch")]
/// fn watch(&mut self, ctx: &mut Context<Self>) {
///     let sender = ctx.sender();
///     tokio::spawn(async move {
///         // Ends when the client has left.
///         while sender.notify(Price(next_price().await)).is_ok() {}
///     });
/// }
///
/// #[handle_info]
/// fn price(&mut self, price: Price, ctx: &mut Context<Self>) {
///     ctx.push("price", &serde_json::json!({"price": price.0}));
/// }
/// # }
/// ```
pub struct Sender<C: Channel> {
    shared: Weak<Shared<C>>,
}

impl<C: Channel> Sender<C> {
    pub(crate) fn new(shared: &Arc<Shared<C>>) -> Self {
        Self { shared: Arc::downgrade(shared) }
    }

    /// Sends the channel a message, for its `#[handle_info]`, after what already waits. It does not wait: a channel
    /// that lets more than [`inbox_messages`](crate::Limits::inbox_messages) pile up ends.
    ///
    /// # Errors
    /// When the channel has ended, or is about to. `Ok` is no promise: it may still end before it gets to the message.
    pub fn notify<M: Info<C>>(&self, message: M) -> Result<(), ChannelEnded> {
        match self.shared.upgrade() {
            Some(shared) if shared.notify(message) => Ok(()),
            _ => Err(ChannelEnded),
        }
    }
}

impl<C: Channel> Clone for Sender<C> {
    fn clone(&self) -> Self {
        Self { shared: Weak::clone(&self.shared) }
    }
}

impl<C: Channel> fmt::Debug for Sender<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

/// The channel that a message was for has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the channel has ended")]
pub struct ChannelEnded;
