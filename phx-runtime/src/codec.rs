//! Reading a WebSocket. The library does masks, fragments, limits and UTF-8; writing is ours (`websocket.rs`),
//! because a broadcast is framed once for all its receivers.

use crate::frame::{CloseCode, Opcode};
use bytes::{Buf, Bytes};
use futures_util::Sink;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use yawc::{OpCode, Options, Role, WebSocket, WebSocketError};

/// What a connection reads at a time: most messages are smaller, and every connection holds one such buffer.
const READ_BUFFER: usize = 1024;

/// An upgraded connection of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The connection, held by its reader and its writer. Both are polled by one task, so the lock is never contended.
pub(crate) struct SharedStream<S>(Arc<Mutex<State<S>>>);

struct State<S> {
    stream: S,
    /// Bytes have come in since this was last looked at.
    received: bool,
}

impl<S: Stream> SharedStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(Arc::new(Mutex::new(State { stream, received: false })))
    }

    fn with<T>(&self, poll: impl FnOnce(Pin<&mut S>) -> T) -> T {
        poll(Pin::new(&mut self.lock().stream))
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether bytes have come in since the last call.
    pub(crate) fn take_received(&self) -> bool {
        mem::take(&mut self.lock().received)
    }

    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        let filled = buffer.filled().len();
        let result = Pin::new(&mut state.stream).poll_read(cx, buffer);
        state.received |= buffer.filled().len() > filled;
        result
    }

    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    pub(crate) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}

impl<S> Clone for SharedStream<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What the client sent.
#[derive(Debug)]
pub(crate) enum Received {
    Data(Opcode, Bytes),
    Ping(Bytes),
    Pong(Bytes),
    /// A close frame whose code a client may send.
    Close,
}

/// Why nothing more can be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The client broke the WebSocket protocol or a limit.
    Violation(CloseCode),
    /// The connection is gone.
    Gone,
}

/// Reads messages from the client.
pub(crate) struct Reader<S: Stream>(WebSocket<ReadSide<S>>);

impl<S: Stream> Reader<S> {
    /// `already_read` are bytes that came with the handshake.
    pub(crate) fn new(
        stream: SharedStream<S>,
        already_read: Bytes,
        max_message_bytes: usize,
    ) -> Option<Self> {
        // The library's limits are exclusive.
        let limit = max_message_bytes.saturating_add(1);
        let options = Options::default()
            .with_limits(limit, limit)
            .with_read_buffer_capacity(READ_BUFFER)
            .with_write_buffer_capacity(0)
            .with_utf8();
        let side = ReadSide { already_read, stream };
        // Fails only for extensions, of which there are none.
        WebSocket::from_stream(side, Role::Server, options).ok().map(Self)
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, ReadError>> {
        let frame = match ready!(self.0.poll_next_frame(cx)) {
            Ok(frame) => frame,
            Err(error) => return Poll::Ready(Err(judge(&error))),
        };
        let payload = frame.payload().clone();
        Poll::Ready(match frame.opcode() {
            OpCode::Text => Ok(Received::Data(Opcode::Text, payload)),
            OpCode::Binary => Ok(Received::Data(Opcode::Binary, payload)),
            OpCode::Ping => {
                // The library's own pong goes into the void at once, or a burst of pings would leave it with a long
                // queue. It cannot fail there.
                let _ = Pin::new(&mut self.0).poll_ready(cx);
                Ok(Received::Ping(payload))
            }
            OpCode::Pong if payload.len() <= 125 => Ok(Received::Pong(payload)),
            OpCode::Close if payload.len() <= 125 && !is_reserved(&payload) => Ok(Received::Close),
            OpCode::Pong | OpCode::Close | OpCode::Continuation => {
                Err(ReadError::Violation(CloseCode::ProtocolError))
            }
        })
    }
}

/// Whether a close frame has one of the codes that are for a server to send, or kept for the future.
fn is_reserved(payload: &[u8]) -> bool {
    let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
    matches!(code, Some(1012..3000))
}

fn judge(error: &WebSocketError) -> ReadError {
    match error {
        WebSocketError::FrameTooLarge => ReadError::Violation(CloseCode::TooLarge),
        WebSocketError::InvalidUTF8 => ReadError::Violation(CloseCode::InvalidText),
        error if error.is_protocol_error() => ReadError::Violation(CloseCode::ProtocolError),
        _ => ReadError::Gone,
    }
}

/// The stream as the library sees it: it reads the client's bytes, and its own pongs and close frames go nowhere,
/// since frames from two writers would mix.
struct ReadSide<S> {
    already_read: Bytes,
    stream: SharedStream<S>,
}

impl<S: Stream> AsyncRead for ReadSide<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.already_read.is_empty() {
            return self.stream.poll_read(cx, buffer);
        }
        let length = self.already_read.len().min(buffer.remaining());
        buffer.put_slice(&self.already_read[..length]);
        self.already_read.advance(length);
        if self.already_read.is_empty() {
            // The buffer of the handshake is several KiB.
            self.already_read = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> AsyncWrite for ReadSide<S> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
