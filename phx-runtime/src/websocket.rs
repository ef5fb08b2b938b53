//! One WebSocket: frames in, frames out, idle timeout, close.

use crate::codec::{Reader, Received, SharedStream, Stream};
use crate::compression::Compression;
use crate::driver::{Closing, Driver};
use crate::frame::{CloseCode, Frame};
use crate::metrics::Metrics;
use crate::outbox::{Next, Outbox};
use crate::transport::{Line, Transport};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

/// What is copied together for one write; larger frames are written from where they are.
const WRITE_BUFFER: usize = 32 * 1024;

/// Starts the task of an upgraded connection. `books` is dropped when the connection has ended.
pub(crate) fn start<S: Stream + 'static, T: Transport>(
    stream: S,
    already_read: Bytes,
    transport: T,
    line: Line<T::Info>,
    books: impl Send + 'static,
) {
    let stream = SharedStream::new(stream);
    let limits = &line.mount.options.limits;
    let compression = &line.compression;
    let reader = Reader::new(stream.clone(), already_read, limits.max_message_bytes, compression.clone());
    let idle = Box::pin(tokio::time::sleep(limits.idle_timeout));
    let writer = Writer::new(stream, compression.clone());
    let driver = Driver::new(transport, line);
    let socket = Socket { reader, writer, driver, idle, last_received: Instant::now() };
    tokio::spawn(Run { socket: Some(socket), goodbye: None, _books: books });
}

/// A connection from its upgrade to its end. A future written by hand: what an idle connection holds is counted,
/// and an `async fn` would reserve room for every stage at once.
struct Run<S: Stream, T: Transport, B> {
    /// Until there is a reason to close.
    socket: Option<Socket<S, T>>,
    /// From then on.
    goodbye: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _books: B,
}

impl<S: Stream, T: Transport, B> Unpin for Run<S, T, B> {}

impl<S: Stream + 'static, T: Transport, B> Future for Run<S, T, B> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(socket) = &mut self.socket {
            let ended = catch_unwind(AssertUnwindSafe(|| socket.poll(cx)));
            let code = ready!(ended.unwrap_or_else(|_| Poll::Ready(Some(socket.driver.crashed()))));
            self.goodbye = self.socket.take().and_then(|socket| socket.end(code));
        }
        match &mut self.goodbye {
            Some(goodbye) => goodbye.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

struct Socket<S: Stream, T: Transport> {
    reader: Reader<S>,
    writer: Writer<S>,
    driver: Driver<T>,
    idle: Pin<Box<Sleep>>,
    last_received: Instant,
}

impl<S: Stream + 'static, T: Transport> Socket<S, T> {
    /// Goes on until there is a reason to close.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Closing> {
        let Self { reader, writer, driver, .. } = self;
        loop {
            let was_crowded = driver.outbox().is_crowded();
            let turn = driver.receive(cx, |cx| {
                let received = reader.poll_next(cx);
                if let Poll::Ready(Ok(Received::Ping(payload))) = &received {
                    writer.pong = Some(Frame::pong(payload));
                }
                received
            });
            let turn = match turn {
                Ok(turn) => turn,
                Err(code) => return Poll::Ready(code),
            };
            if turn.unblocked {
                self.last_received = Instant::now();
            }
            let outbox = driver.outbox();
            match writer.poll_drain(cx, outbox, &driver.mount().metrics) {
                Poll::Ready(Ok(code)) => return Poll::Ready(Some(code)),
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending => {}
            }
            if writer.is_busy()
                && let Poll::Ready(code) = outbox.poll_close(cx)
            {
                return Poll::Ready(Some(code));
            }
            let may_read_again = was_crowded && !outbox.is_crowded();
            if !turn.received && !may_read_again {
                break;
            }
        }
        let took = mem::take(&mut writer.took);
        // A client that is read no further cannot show that it lives but by taking what it is sent.
        if writer.stream.take_received() || (took && driver.outbox().is_crowded()) {
            self.last_received = Instant::now();
        }
        // The timer is set anew only when it fires: moving it at every message would cost more than the message.
        while self.idle.as_mut().poll(cx).is_ready() {
            let deadline = self.last_received + driver.mount().options.limits.idle_timeout;
            if deadline <= Instant::now() {
                return Poll::Ready(Some(driver.silent()));
            }
            self.idle.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// Takes leave: of the transport, and of the client if it is still there.
    fn end(self, code: Closing) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let Self { reader, writer, driver, .. } = self;
        let (outbox, mount) = (Arc::clone(driver.outbox()), Arc::clone(driver.mount()));
        // The memory of reading is free at once.
        drop(reader);
        driver.end(code);
        let timeout = mount.options.limits.close_timeout;
        let code = code?;
        Some(Box::pin(async move {
            // A client that has gone already, or does not read in time, changes nothing.
            let _ = tokio::time::timeout(timeout, writer.say_goodbye(&outbox, &mount.metrics, code)).await;
        }))
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
    /// The client, or its network, has taken something since this was last asked.
    took: bool,
    /// The answer to the latest ping; earlier ones need none (RFC 6455 §5.5.3), so pings cannot pile up.
    pong: Option<Frame>,
    compression: Option<Arc<Compression>>,
}

thread_local! {
    static WRITE: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(WRITE_BUFFER));
}

impl<S: Stream> Writer<S> {
    fn new(stream: SharedStream<S>, compression: Option<Arc<Compression>>) -> Self {
        Self {
            stream,
            batch: VecDeque::new(),
            written: 0,
            needs_flush: false,
            took: false,
            pong: None,
            compression,
        }
    }

    /// Whether the client has yet to take something.
    fn is_busy(&self) -> bool {
        self.needs_flush || !self.batch.is_empty()
    }

    /// Writes what waits in the outbox until it says to close.
    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        outbox: &Outbox,
        metrics: &Metrics,
    ) -> Poll<io::Result<CloseCode>> {
        loop {
            ready!(self.poll_write_batch(cx))?;
            if let Some(pong) = self.pong.take() {
                self.batch.push_back(pong);
                continue;
            }
            match ready!(outbox.poll_take(cx, &mut self.batch)) {
                Next::Write { bytes } => {
                    metrics.sent(self.batch.len(), bytes);
                    self.compress_batch();
                }
                Next::Close(code) => return Poll::Ready(Ok(code)),
            }
        }
    }

    /// Here and not where a frame is made, so that a broadcast is compressed only if somebody takes it so.
    fn compress_batch(&mut self) {
        if let Some(compression) = &self.compression {
            for frame in &mut self.batch {
                *frame = frame.compressed(compression);
            }
        }
    }

    /// Writes what waits and the close frame, and waits until the client has read it.
    async fn say_goodbye(mut self, outbox: &Outbox, metrics: &Metrics, code: CloseCode) -> io::Result<()> {
        poll_fn(|cx| self.poll_drain(cx, outbox, metrics)).await?;
        self.batch.push_back(Frame::close(code));
        poll_fn(|cx| self.poll_write_batch(cx)).await?;
        poll_fn(|cx| self.stream.poll_shutdown(cx)).await?;
        discard_until_closed(&self.stream).await
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
        self.took = true;
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
