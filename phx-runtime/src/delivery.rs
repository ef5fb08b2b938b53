//! Messages on their way to a client of a session: delivered, or back where they were.

use crate::frame::{Frame, Opcode};
use crate::outbox::Outbox;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Everything that waited for a client when its [`Session`](crate::Session) was asked, in order. Say
/// [`delivered`](Self::delivered) when it is written: if that fails and the value is dropped, the messages wait for
/// the next [`recv`](crate::Session::recv) as if nothing had happened.
///
/// ```
/// # async fn docs(session: phx_runtime::Session, mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
/// use tokio::io::AsyncWriteExt as _;
///
/// while let Ok(delivery) = session.recv().await {
///     for (_, message) in delivery.messages() {
///         stream.write_all(message).await?;
///         stream.write_all(b"\n").await?;
///     }
///     delivery.delivered();
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "unless it is `delivered`, the messages wait again"]
pub struct Delivery {
    frames: VecDeque<Frame>,
    outbox: Arc<Outbox>,
}

impl Delivery {
    pub(crate) fn new(frames: VecDeque<Frame>, outbox: &Arc<Outbox>) -> Self {
        Self { frames, outbox: Arc::clone(outbox) }
    }

    /// The messages, as they would be on a WebSocket. A text is UTF-8, unless a [`Serializer`](crate::Serializer) or
    /// [`Transport`](crate::Transport) of your own calls something else a text.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = (Opcode, &[u8])> {
        self.frames.iter().map(Frame::message_in)
    }

    /// The client has them, or will: they are not sent again.
    pub fn delivered(mut self) {
        self.frames.clear();
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.outbox.give_back(std::mem::take(&mut self.frames));
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("messages", &self.frames.len()).finish_non_exhaustive()
    }
}
