//! Reading a WebSocket. The library reads frames; their messages are put together here, and writing is ours too
//! (`websocket.rs`), because a broadcast is framed once for all its receivers.
//!
//! The library could do all the reading, but not with compression: it bounds what a message inflates to, but not the
//! ratio, takes RSV1 on frames that must not have it, and keeps zlib's state with a connection that has not sent the
//! end of a message. It does not say which frames have RSV1 either, so that is looked up before it sees them.

use crate::compression::Compression;
use crate::deflate::{self, InflateError};
use crate::frame::{CloseCode, Opcode};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream as _;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::codec::{Decoder, FramedRead};
use yawc::{Frame, OpCode, Role, WebSocketError};

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
pub(crate) struct Reader<S: Stream> {
    frames: FramedRead<ReadSide<S>, Frames>,
    /// A message whose last frame is yet to come.
    partial: Option<Box<Partial>>,
    max_message_bytes: usize,
    compression: Option<Arc<Compression>>,
}

struct Partial {
    opcode: OpCode,
    is_compressed: bool,
    payload: BytesMut,
}

impl<S: Stream> Reader<S> {
    /// `already_read` are bytes that came with the handshake, `compression` is what was agreed on there.
    pub(crate) fn new(
        stream: SharedStream<S>,
        already_read: Bytes,
        max_message_bytes: usize,
        compression: Option<Arc<Compression>>,
    ) -> Self {
        let frames = Frames {
            // The library's limit is exclusive.
            library: yawc::codec::Decoder::new(Role::Server, max_message_bytes.saturating_add(1)),
            is_compressed: None,
            may_be_compressed: compression.is_some(),
        };
        let side = ReadSide { already_read, stream };
        let frames = FramedRead::with_capacity(side, frames, READ_BUFFER);
        Self { frames, partial: None, max_message_bytes, compression }
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, ReadError>> {
        loop {
            let (frame, is_compressed) = match ready!(Pin::new(&mut self.frames).poll_next(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Err(judge(&error))),
                None => return Poll::Ready(Err(ReadError::Gone)),
            };
            self.shrink_buffer(frame.payload().len());
            let received = self.receive(frame, is_compressed).map_err(ReadError::Violation);
            if let Some(received) = received.transpose() {
                return Poll::Ready(received);
            }
        }
    }

    /// Gives up the memory that a frame larger than the buffer made it grow to, which the frame's payload lies in.
    fn shrink_buffer(&mut self, frame_length: usize) {
        let buffer = self.frames.read_buffer_mut();
        if frame_length > READ_BUFFER && buffer.len() <= READ_BUFFER {
            let mut small = BytesMut::with_capacity(READ_BUFFER);
            small.extend_from_slice(buffer);
            *buffer = small;
        }
    }

    /// Nothing is received yet if the frame is not the last of its message.
    fn receive(&mut self, frame: Frame, is_compressed: bool) -> Result<Option<Received>, CloseCode> {
        if frame.opcode().is_control() {
            return receive_control(frame).map(Some);
        }
        let (opcode, is_last, payload) = frame.into_parts();
        let is_continuation = opcode == OpCode::Continuation;
        if is_continuation != self.partial.is_some() {
            return Err(CloseCode::ProtocolError);
        }
        if is_last && !is_continuation {
            return self.finish(opcode, is_compressed, payload).map(Some);
        }
        let mut partial = self
            .partial
            .take()
            .unwrap_or_else(|| Box::new(Partial { opcode, is_compressed, payload: BytesMut::new() }));
        if partial.payload.len() + payload.len() > self.max_message_bytes {
            return Err(CloseCode::TooLarge);
        }
        partial.payload.extend_from_slice(&payload);
        if is_last {
            let Partial { opcode, is_compressed, payload } = *partial;
            return self.finish(opcode, is_compressed, payload.freeze()).map(Some);
        }
        self.partial = Some(partial);
        Ok(None)
    }

    fn finish(&self, opcode: OpCode, is_compressed: bool, payload: Bytes) -> Result<Received, CloseCode> {
        let payload = match &self.compression {
            Some(compression) if is_compressed => {
                deflate::inflate(&payload, compression.max_ratio, self.max_message_bytes)?
            }
            _ => payload,
        };
        match opcode {
            OpCode::Text if std::str::from_utf8(&payload).is_err() => Err(CloseCode::InvalidText),
            OpCode::Text => Ok(Received::Data(Opcode::Text, payload)),
            _ => Ok(Received::Data(Opcode::Binary, payload)),
        }
    }
}

impl From<InflateError> for CloseCode {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::TooLarge => Self::TooLarge,
            // RFC 7692 names no code. This is Bandit's: the data does not fit the type of the message.
            InflateError::Corrupt => Self::InvalidText,
        }
    }
}

fn receive_control(frame: Frame) -> Result<Received, CloseCode> {
    if frame.payload().len() > 125 {
        return Err(CloseCode::ProtocolError);
    }
    match frame.opcode() {
        OpCode::Ping => Ok(Received::Ping(frame.into_payload())),
        OpCode::Close => check_close(&frame).map(|()| Received::Close),
        _ => Ok(Received::Pong(frame.into_payload())),
    }
}

/// A close frame has nothing, or a code that a client may send and a reason in UTF-8.
fn check_close(frame: &Frame) -> Result<(), CloseCode> {
    let payload = frame.payload();
    if payload.is_empty() {
        return Ok(());
    }
    let may_be_sent = frame.close_code().is_some_and(yawc::close::CloseCode::is_allowed);
    if !may_be_sent || is_reserved(payload) {
        return Err(CloseCode::ProtocolError);
    }
    frame.close_reason().map(drop).map_err(|_| CloseCode::InvalidText)
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

/// The library's frames, and whether they start a compressed message.
struct Frames {
    library: yawc::codec::Decoder,
    /// Of the frame that is being read, from its first byte on.
    is_compressed: Option<bool>,
    may_be_compressed: bool,
}

impl Decoder for Frames {
    type Item = (Frame, bool);
    type Error = WebSocketError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error> {
        if self.is_compressed.is_none()
            && let Some(first) = bytes.first()
        {
            let is_compressed = first & 0x40 != 0;
            // Only the first frame of a text or binary message may say so (RFC 7692 §6.1).
            let may_be_compressed = self.may_be_compressed && matches!(first & 0x0F, 1 | 2);
            if is_compressed && !may_be_compressed {
                return Err(WebSocketError::ReservedBitsNotZero);
            }
            self.is_compressed = Some(is_compressed);
        }
        let frame = self.library.decode(bytes)?;
        Ok(frame.map(|frame| (frame, self.is_compressed.take() == Some(true))))
    }
}

/// The bytes of the client: those that came with the handshake, then those of the stream.
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[test]
    fn an_idle_connection_reads_with_little_beside_its_buffer() {
        assert!(size_of::<Reader<TcpStream>>() <= 160);
        assert_eq!(size_of::<Option<Arc<Compression>>>(), size_of::<usize>());
    }
}
