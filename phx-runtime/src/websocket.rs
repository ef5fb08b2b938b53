//! One WebSocket: frames in, frames out, idle timeout, close.

use crate::codec::{ReadError, Reader, Received, SharedStream, Stream};
use crate::connection::Connection;
use crate::frame::{CloseCode, Frame};
use crate::outbox::{Next, Outbox};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

/// What is copied together for one write; larger frames are written from where they are.
const WRITE_BUFFER: usize = 32 * 1024;

/// Messages handled before their answers are written.
const MESSAGES_PER_TURN: usize = 32;

/// Starts the task of an upgraded connection. `books` is dropped when the connection has ended.
pub(crate) fn start<S: Stream + 'static>(
    stream: S,
    already_read: Bytes,
    connection: Connection,
    books: impl Send + 'static,
) {
    let stream = SharedStream::new(stream);
    let max_message_bytes = connection.link().limits().max_message_bytes;
    let Some(reader) = Reader::new(stream.clone(), already_read, max_message_bytes) else { return };
    let idle = Box::pin(tokio::time::sleep(connection.link().limits().idle_timeout));
    let writer = Writer::new(stream);
    let socket = Socket { reader, writer, connection, idle, last_received: Instant::now() };
    tokio::spawn(Run { socket: Some(socket), goodbye: None, _books: books });
}

/// A connection from its upgrade to its end. A future written by hand: what an idle connection holds is counted,
/// and an `async fn` would reserve room for every stage at once.
struct Run<S: Stream, B> {
    /// Until there is a reason to close.
    socket: Option<Socket<S>>,
    /// From then on.
    goodbye: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _books: B,
}

impl<S: Stream, B> Unpin for Run<S, B> {}

impl<S: Stream + 'static, B> Future for Run<S, B> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(socket) = &mut self.socket {
            let code = ready!(socket.poll(cx));
            match (self.socket.take(), code) {
                (Some(socket), Some(code)) => self.goodbye = Some(Box::pin(socket.close(code))),
                (Some(socket), None) => socket.connection.link().outbox.abandon(),
                (None, _) => {}
            }
        }
        match &mut self.goodbye {
            Some(goodbye) => goodbye.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

struct Socket<S: Stream> {
    reader: Reader<S>,
    writer: Writer<S>,
    connection: Connection,
    idle: Pin<Box<Sleep>>,
    last_received: Instant,
}

impl<S: Stream> Socket<S> {
    /// Goes on until there is a reason to close: the code to send, or `None` if nobody is there to get it.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<CloseCode>> {
        loop {
            let was_crowded = self.connection.link().outbox.is_crowded();
            let (received, open) = self.read(cx);
            if let Err(code) = open {
                return Poll::Ready(code);
            }
            let outbox = &self.connection.link().outbox;
            match self.writer.poll_drain(cx, outbox) {
                Poll::Ready(Ok(code)) => return Poll::Ready(Some(code)),
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending => {}
            }
            if self.writer.is_busy()
                && let Poll::Ready(code) = outbox.poll_close(cx)
            {
                return Poll::Ready(Some(code));
            }
            let may_read_again = was_crowded && !outbox.is_crowded();
            if !received && !may_read_again {
                break;
            }
        }
        if self.writer.stream.take_received() {
            self.last_received = Instant::now();
        }
        // The timer is set anew only when it fires: moving it at every message would cost more than the message.
        while self.idle.as_mut().poll(cx).is_ready() {
            let deadline = self.last_received + self.connection.link().limits().idle_timeout;
            if deadline <= Instant::now() {
                let is_blocked = self.connection.is_blocked();
                let code = if is_blocked { CloseCode::TryAgainLater } else { CloseCode::GoingAway };
                return Poll::Ready(Some(code));
            }
            self.idle.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// Writes what waits and says goodbye, as far as the client lets us in its time.
    async fn close(self, code: CloseCode) {
        let Self { reader, mut writer, connection, .. } = self;
        let outbox = Arc::clone(&connection.link().outbox);
        let timeout = connection.link().limits().close_timeout;
        outbox.close(code);
        // The channels learn at once that their client is gone, and the memory of reading is free.
        drop((reader, connection));
        let goodbye = async {
            poll_fn(|cx| writer.poll_drain(cx, &outbox)).await?;
            writer.batch.push_back(Frame::close(code));
            poll_fn(|cx| writer.poll_write_batch(cx)).await?;
            poll_fn(|cx| writer.stream.poll_shutdown(cx)).await?;
            discard_until_closed(&writer.stream).await
        };
        // A client that has gone already, or does not read in time, changes nothing.
        let _ = tokio::time::timeout(timeout, goodbye).await;
    }

    /// Handles what has arrived. Returns whether anything had, and on error how to close.
    fn read(&mut self, cx: &mut Context<'_>) -> (bool, Result<(), Option<CloseCode>>) {
        let mut received = false;
        for _ in 0..MESSAGES_PER_TURN {
            if self.connection.link().outbox.is_crowded() {
                break;
            }
            let was_blocked = self.connection.is_blocked();
            match self.connection.poll_ready(cx) {
                Poll::Ready(Ok(())) if was_blocked => self.last_received = Instant::now(),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(code)) => return (received, Err(Some(code))),
                Poll::Pending => break,
            }
            let Poll::Ready(next) = self.reader.poll_next(cx) else {
                break;
            };
            received = true;
            let outcome = match next {
                Ok(Received::Data(opcode, frame)) => self.connection.handle(opcode, frame, cx).map_err(Some),
                Ok(Received::Ping(payload)) => {
                    self.writer.pong = Some(Frame::pong(&payload));
                    Ok(())
                }
                Ok(Received::Pong) => Ok(()),
                Ok(Received::Close) => Err(Some(CloseCode::Normal)),
                Err(ReadError::Violation(code)) => Err(Some(code)),
                Err(ReadError::Gone) => Err(None),
            };
            if outcome.is_err() {
                return (received, outcome);
            }
        }
        (received, Ok(()))
    }
}

/// Writes frames, everything that waits at a time.
struct Writer<S> {
    stream: SharedStream<S>,
    batch: VecDeque<Frame>,
    /// Bytes of the first frame that are written.
    written: usize,
    /// Something was written that the stream may still hold back.
    needs_flush: bool,
    /// The answer to the latest ping; earlier ones need none (RFC 6455 §5.5.3), so pings cannot pile up.
    pong: Option<Frame>,
}

thread_local! {
    static WRITE: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(WRITE_BUFFER));
}

impl<S: Stream> Writer<S> {
    fn new(stream: SharedStream<S>) -> Self {
        Self { stream, batch: VecDeque::new(), written: 0, needs_flush: false, pong: None }
    }

    /// Whether the client has yet to take something.
    fn is_busy(&self) -> bool {
        self.needs_flush || !self.batch.is_empty()
    }

    /// Writes what waits in the outbox until it says to close.
    fn poll_drain(&mut self, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<io::Result<CloseCode>> {
        loop {
            ready!(self.poll_write_batch(cx))?;
            if let Some(pong) = self.pong.take() {
                self.batch.push_back(pong);
                continue;
            }
            match ready!(outbox.poll_take(cx, &mut self.batch)) {
                Next::Write => {}
                Next::Close(code) => return Poll::Ready(Ok(code)),
            }
        }
    }

    fn poll_write_batch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(first) = self.batch.front() {
            let rest = &first.as_bytes()[self.written..];
            let count = if self.batch.len() == 1 || rest.len() >= WRITE_BUFFER {
                ready!(self.stream.poll_write(cx, rest))?
            } else {
                ready!(WRITE.with_borrow_mut(|buffer| {
                    buffer.clear();
                    buffer.extend_from_slice(rest);
                    for frame in self.batch.iter().skip(1) {
                        if buffer.len() + frame.len() > WRITE_BUFFER {
                            break;
                        }
                        buffer.extend_from_slice(frame.as_bytes());
                    }
                    self.stream.poll_write(cx, buffer)
                }))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(count);
            self.needs_flush = true;
        }
        if self.needs_flush {
            ready!(self.stream.poll_flush(cx))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes `count` written bytes off the batch.
    fn advance(&mut self, count: usize) {
        self.written += count;
        while let Some(first) = self.batch.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.batch.pop_front();
        }
    }
}

/// Reads and forgets what the client still sends. Closing a socket with unread bytes resets the connection, and the
/// client might lose the close frame.
async fn discard_until_closed<S: Stream>(stream: &SharedStream<S>) -> io::Result<()> {
    let mut space = vec![0; 1024];
    loop {
        let mut buffer = ReadBuf::new(&mut space);
        poll_fn(|cx| stream.poll_read(cx, &mut buffer)).await?;
        if buffer.filled().is_empty() {
            return Ok(());
        }
    }
}
