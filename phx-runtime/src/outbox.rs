//! What waits to be written to one client: bounded, and handed over in one go.

use crate::frame::{CloseCode, Frame};
use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A batch that grew beyond this many frames gives its memory back once it is written.
const KEPT_FRAMES: usize = 32;

/// Any task may push; only the connection's own task takes. Pushing never waits: a client that lets
/// `limit` bytes pile up is closed instead.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    limit: usize,
    /// Somebody has to come for what waits, instead of it being written.
    is_fetched: bool,
}

#[derive(Debug)]
struct State {
    frames: VecDeque<Frame>,
    /// Bytes in `frames` and in the batch that is being written.
    bytes: usize,
    /// Bytes of the batch that is being written.
    taken: usize,
    close: Option<CloseCode>,
    connection: Option<Waker>,
    /// The connection is busy writing: wake it only to close.
    is_writing: bool,
}

/// What the connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Write the batch, which takes so many bytes of the limit.
    Write { bytes: usize },
    /// Everything is written: close.
    Close(CloseCode),
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self::with(limit, false)
    }

    /// Of a session.
    pub(crate) fn to_be_fetched(limit: usize) -> Self {
        Self::with(limit, true)
    }

    fn with(limit: usize, is_fetched: bool) -> Self {
        let state = State {
            frames: VecDeque::new(),
            bytes: 0,
            taken: 0,
            close: None,
            connection: None,
            is_writing: false,
        };
        Self { state: Mutex::new(state), limit, is_fetched }
    }

    /// Queues a frame. After [`close`](Self::close) it is dropped.
    pub(crate) fn push(&self, frame: Frame) {
        let mut state = self.lock();
        if state.close.is_some() {
            return;
        }
        let bytes = cost(&frame);
        if state.bytes > 0 && state.bytes + bytes > self.limit {
            state.abandon(CloseCode::TryAgainLater);
            wake(state);
            tracing::debug!(limit = self.limit, "closing a client that does not read what it is sent");
            return;
        }
        state.bytes += bytes;
        state.frames.push_back(frame);
        if !state.is_writing {
            wake(state);
        }
    }

    /// Whether so much waits that the client should be read no further.
    pub(crate) fn is_crowded(&self) -> bool {
        self.lock().bytes > self.limit / 4
    }

    /// Has the connection closed, after writing what waits as far as the client takes it. The first close counts.
    pub(crate) fn close(&self, code: CloseCode) {
        let mut state = self.lock();
        state.close.get_or_insert(code);
        wake(state);
    }

    /// Why the connection closes or has closed, if it does.
    pub(crate) fn closed(&self) -> Option<CloseCode> {
        self.lock().close
    }

    /// Forgets what waits and takes no more: the client is gone.
    pub(crate) fn abandon(&self) {
        self.lock().abandon(CloseCode::GoingAway);
    }

    /// For a connection whose client does not take what is being written: the reason to close, if there is one.
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<CloseCode> {
        let mut state = self.lock();
        if let Some(code) = state.close {
            return Poll::Ready(code);
        }
        state.is_writing = true;
        state.wake_later(cx);
        Poll::Pending
    }

    /// As [`poll_take`](Self::poll_take), for a client that has no connection of its own to write to: what is taken comes
    /// back by [`give_back`](Self::give_back), and nothing more is lent before that.
    pub(crate) fn poll_lend(&self, cx: &mut Context<'_>, batch: &mut VecDeque<Frame>) -> Poll<Next> {
        {
            let mut state = self.lock();
            if state.taken > 0 {
                state.wake_later(cx);
                return Poll::Pending;
            }
        }
        // Only the one who lends takes, so nothing is lent in between.
        self.poll_take(cx, batch)
    }

    /// Ends a loan: with the frames that the client has not got, which are the next to be lent.
    pub(crate) fn give_back(&self, mut frames: VecDeque<Frame>) {
        let mut state = self.lock();
        let taken = mem::take(&mut state.taken);
        if frames.is_empty() {
            state.bytes -= taken;
        } else {
            frames.append(&mut state.frames);
            state.frames = frames;
        }
        wake(state);
    }

    /// Whether it is closed, and somebody should still come.
    pub(crate) fn has_yet_to_be_fetched(&self) -> bool {
        let state = self.lock();
        self.is_fetched && state.close.is_some() && state.bytes > 0
    }

    /// Whether a loan is out.
    pub(crate) fn is_lent(&self) -> bool {
        self.lock().taken > 0
    }

    /// Done when nothing waits and nothing is being written.
    pub(crate) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.bytes == 0 {
            return Poll::Ready(());
        }
        state.wake_later(cx);
        Poll::Pending
    }

    /// Moves everything that waits into `batch`, which must have been written completely.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, batch: &mut VecDeque<Frame>) -> Poll<Next> {
        debug_assert!(batch.is_empty());
        if batch.capacity() > KEPT_FRAMES {
            *batch = VecDeque::new();
        }
        let mut state = self.lock();
        state.bytes -= mem::take(&mut state.taken);
        if !state.frames.is_empty() {
            mem::swap(&mut state.frames, batch);
            state.taken = state.bytes;
            return Poll::Ready(Next::Write { bytes: state.bytes });
        }
        if let Some(code) = state.close {
            return Poll::Ready(Next::Close(code));
        }
        state.is_writing = false;
        state.wake_later(cx);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn abandon(&mut self, code: CloseCode) {
        self.frames = VecDeque::new();
        self.bytes = self.taken;
        self.close.get_or_insert(code);
    }

    fn wake_later(&mut self, cx: &Context<'_>) {
        match &mut self.connection {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}

/// A frame costs what it takes beside its bytes too, so that many tiny frames are bounded. What it is compressed to,
/// if so, is smaller.
fn cost(frame: &Frame) -> usize {
    frame.len() + Frame::OVERHEAD
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.connection.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Opcode;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A frame that costs exactly `cost` bytes.
    fn frame(cost: usize) -> Frame {
        let payload = cost - Frame::OVERHEAD - 2;
        Frame::data(Opcode::Text, &vec![b'x'; payload])
    }

    fn take(outbox: &Outbox, batch: &mut VecDeque<Frame>) -> Poll<Next> {
        outbox.poll_take(&mut Context::from_waker(Waker::noop()), batch)
    }

    #[test]
    fn everything_that_waits_is_taken_at_once() {
        let outbox = Outbox::new(1000);
        let mut batch = VecDeque::new();
        assert_eq!(take(&outbox, &mut batch), Poll::Pending);
        for _ in 0..3 {
            outbox.push(frame(100));
        }
        assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Write { bytes: 300 }));
        assert_eq!(batch.len(), 3);
    }

    #[test]
    fn up_to_the_limit_may_wait_and_one_byte_more_closes() {
        let outbox = Outbox::new(300);
        for _ in 0..3 {
            outbox.push(frame(100));
        }
        let mut batch = VecDeque::new();
        assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Write { bytes: 300 }));

        // What is being written still counts.
        outbox.push(frame(100));
        batch.clear();
        assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Close(CloseCode::TryAgainLater)));
    }

    #[test]
    fn written_bytes_no_longer_count() {
        let outbox = Outbox::new(300);
        let mut batch = VecDeque::new();
        for _ in 0..100 {
            outbox.push(frame(300));
            assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Write { bytes: 302 }));
            batch.clear();
            assert_eq!(take(&outbox, &mut batch), Poll::Pending);
        }
    }

    #[test]
    fn one_frame_above_the_limit_passes_when_nothing_waits() {
        let outbox = Outbox::new(100);
        outbox.push(frame(500));
        let mut batch = VecDeque::new();
        assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Write { bytes: 502 }));
        assert_eq!(batch.len(), 1);
    }

    #[test]
    fn a_connection_that_cannot_write_learns_of_a_close_and_of_nothing_else() {
        let outbox = Outbox::new(300);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert_eq!(outbox.poll_close(&mut Context::from_waker(&waker)), Poll::Pending);
        for _ in 0..3 {
            outbox.push(frame(100));
        }
        assert!(!woken.0.load(Ordering::Relaxed));
        outbox.push(frame(100));
        assert!(woken.0.load(Ordering::Relaxed));
        let closed = outbox.poll_close(&mut Context::from_waker(Waker::noop()));
        assert_eq!(closed, Poll::Ready(CloseCode::TryAgainLater));
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn closing_lets_out_what_waits_and_nothing_after() {
        let outbox = Outbox::new(1000);
        outbox.push(frame(100));
        outbox.close(CloseCode::ServiceRestart);
        outbox.close(CloseCode::Normal);
        outbox.push(frame(100));
        let mut batch = VecDeque::new();
        assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Write { bytes: 100 }));
        assert_eq!(batch.len(), 1);
        batch.clear();
        assert_eq!(take(&outbox, &mut batch), Poll::Ready(Next::Close(CloseCode::ServiceRestart)));
    }
}
