//! A broadcast, as code gets it that has not just joined its topic.

use crate::payload::Payload;
use std::fmt;
use std::sync::Arc;

/// What was sent to a topic, for those who listen to it without having joined: `#[handle_info]` gets it after
/// [`Context::subscribe`](crate::Context::subscribe), code outside of channels after
/// [`Endpoint::subscribe`](crate::Endpoint::subscribe). Cloning is cheap: all who get a broadcast share it.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let endpoint = Endpoint::builder().build()?;
/// let mut orders = endpoint.subscribe("orders");
/// endpoint.broadcast("orders", "placed", &serde_json::json!({"id": 7}))?;
/// let broadcast = orders.recv().await?;
/// assert_eq!((broadcast.topic(), broadcast.event()), ("orders", "placed"));
/// assert_eq!(broadcast.payload().as_bytes(), br#"{"id":7}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Broadcast(Arc<Parts>);

struct Parts {
    topic: Arc<str>,
    event: Box<str>,
    payload: Payload,
}

impl Broadcast {
    pub(crate) fn new(topic: &Arc<str>, event: &str, payload: &Payload) -> Self {
        Self(Arc::new(Parts { topic: Arc::clone(topic), event: event.into(), payload: payload.clone() }))
    }

    /// The topic that it was sent to.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.0.topic
    }

    /// The name of the event.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.0.event
    }

    /// What came with it, to [decode](Payload::decode) or to pass on.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.0.payload
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("topic", &self.topic())
            .field("event", &self.event())
            .field("payload", self.payload())
            .finish()
    }
}
