//! Where a client's session meets who brings its messages and who fetches what it is sent.

use crate::codec::{ReadError, Received};
use crate::delivery::Delivery;
use crate::driver::Closing;
use crate::frame::{CloseCode, Opcode};
use crate::mount::Mount;
use crate::outbox::{Next, Outbox};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

/// What shows that the client lives, and how long it may fail to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Life {
    /// It sends something, as on a WebSocket.
    Messages(Duration),
    /// It asks for messages.
    Polls(Duration),
}

impl Life {
    pub(crate) fn patience(self) -> Duration {
        let (Self::Messages(patience) | Self::Polls(patience)) = self;
        patience
    }
}

/// Nothing here queues up: one batch of messages comes in at a time, and one may wait for what goes out.
pub(crate) struct Desk {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) mount: Arc<Mount>,
    life: Life,
    state: Mutex<State>,
    /// Who brings messages holds it until they are handled.
    turn: Arc<Semaphore>,
    /// Told when nobody attends any more.
    left: Notify,
}

struct State {
    session: Option<Waker>,
    batch: Option<Batch>,
    /// How many batches have come.
    batches: u64,
    receiver: Option<oneshot::Sender<Delivery>>,
    last_seen: Instant,
    hung_up: bool,
    /// No more messages are taken, and why; some may still wait for the client.
    ended: Option<CloseCode>,
    /// Nobody attends any more.
    left: bool,
}

struct Batch {
    messages: VecDeque<(Opcode, Bytes)>,
    /// Told when the last message has been taken.
    done: oneshot::Sender<()>,
    _turn: OwnedSemaphorePermit,
}

impl Desk {
    pub(crate) fn new(outbox: Arc<Outbox>, mount: Arc<Mount>, life: Life) -> Self {
        let state = State {
            session: None,
            batch: None,
            batches: 0,
            receiver: None,
            last_seen: Instant::now(),
            hung_up: false,
            ended: None,
            left: false,
        };
        Self {
            outbox,
            mount,
            life,
            state: Mutex::new(state),
            turn: Arc::new(Semaphore::new(1)),
            left: Notify::new(),
        }
    }

    // what is done at the desk

    /// Waits until nobody else's messages are on their way in. Fails when the session takes no more.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.turn).acquire_owned().await
    }

    /// Puts messages in, whose number this returns for [`withdraw`](Self::withdraw). The receiver is told when all are
    /// taken, and is closed if they are not.
    pub(crate) fn put(
        &self,
        turn: OwnedSemaphorePermit,
        messages: VecDeque<(Opcode, Bytes)>,
    ) -> (u64, oneshot::Receiver<()>) {
        let (done, taken) = oneshot::channel();
        let mut state = self.lock();
        if matches!(self.life, Life::Messages(_)) {
            state.last_seen = Instant::now();
        }
        state.batches += 1;
        let number = state.batches;
        if state.ended.is_none() {
            state.batch = Some(Batch { messages, done, _turn: turn });
        }
        wake(state);
        (number, taken)
    }

    /// Takes back what is left of a batch.
    pub(crate) fn withdraw(&self, number: u64) {
        let mut state = self.lock();
        if state.batches == number {
            state.batch = None;
        }
    }

    /// Takes the place of whoever waits for messages.
    pub(crate) fn wait(&self) -> oneshot::Receiver<Delivery> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if !state.left {
            state.receiver = Some(sender);
        }
        wake(state);
        receiver
    }

    /// The client asks for messages, or has just stopped to.
    pub(crate) fn saw_poll(&self) {
        if matches!(self.life, Life::Polls(_)) {
            self.lock().last_seen = Instant::now();
        }
    }

    /// The client is gone.
    pub(crate) fn hang_up(&self) {
        let mut state = self.lock();
        state.hung_up = true;
        wake(state);
    }

    /// Why the session takes no more messages, if so.
    pub(crate) fn ended(&self) -> Option<CloseCode> {
        self.lock().ended
    }

    /// Waits until nobody attends any more.
    pub(crate) async fn over(&self) {
        loop {
            let left = self.left.notified();
            if self.lock().left {
                return;
            }
            left.await;
        }
    }

    // what the session's task does

    /// Has the task woken by what is done here. Returns whether the client is still there.
    pub(crate) fn poll_attend(&self, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        match &mut state.session {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        !state.hung_up
    }

    /// The next message.
    pub(crate) fn poll_message(&self) -> Poll<Result<Received, ReadError>> {
        let message = self.lock().batch.as_mut().and_then(|batch| batch.messages.pop_front());
        let Some((opcode, message)) = message else { return Poll::Pending };
        let limit = self.mount.options.limits.max_message_bytes;
        Poll::Ready(if message.len() > limit {
            Err(ReadError::Violation(CloseCode::TooLarge))
        } else if opcode == Opcode::Text && std::str::from_utf8(&message).is_err() {
            Err(ReadError::Violation(CloseCode::InvalidText))
        } else {
            Ok(Received::Data(opcode, message))
        })
    }

    /// The message before is dealt with: if it was the last, whoever brought it is told.
    pub(crate) fn acknowledge(&self) {
        let done = self.lock().batch.take_if(|batch| batch.messages.is_empty());
        if let Some(Batch { done, .. }) = done {
            // Nobody listens if the one who brought it has gone.
            let _ = done.send(());
        }
    }

    /// Gives what waits to who waits for it. Ready when there is a reason to close.
    pub(crate) fn poll_deliver(&self, cx: &mut Context<'_>) -> Poll<CloseCode> {
        while let Some(receiver) = self.receiver() {
            let is_crowded = self.outbox.is_crowded();
            let mut frames = VecDeque::new();
            match self.outbox.poll_lend(cx, &mut frames) {
                Poll::Ready(Next::Write { bytes }) => {
                    self.mount.metrics.sent(frames.len(), bytes);
                    // As long as so much waits, nothing that the client sends is looked at.
                    if is_crowded {
                        self.saw_progress();
                    }
                    // What nobody receives after all is dropped, and so given back.
                    let _ = receiver.send(Delivery::new(frames, &self.outbox));
                }
                Poll::Ready(Next::Close(code)) => return Poll::Ready(code),
                Poll::Pending => {
                    self.lock().receiver.get_or_insert(receiver);
                    return Poll::Pending;
                }
            }
        }
        self.outbox.poll_close(cx)
    }

    /// After the last message: done when the client has fetched everything.
    pub(crate) fn poll_emptied(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.poll_attend(cx) {
            return Poll::Ready(());
        }
        // That there is a reason to close is known.
        let _ = self.poll_deliver(cx);
        self.outbox.poll_empty(cx)
    }

    /// When the client has been silent for too long, unless it shows before that it lives.
    pub(crate) fn deadline(&self) -> Instant {
        // Who still reads the answer to a poll cannot send the next.
        if matches!(self.life, Life::Polls(_)) && self.outbox.is_lent() {
            self.saw_progress();
        }
        self.lock().last_seen + self.life.patience()
    }

    /// Time that the client could not use to show that it lives does not count.
    pub(crate) fn saw_progress(&self) {
        self.lock().last_seen = Instant::now();
    }

    /// No more messages are taken.
    pub(crate) fn close(&self, code: Closing) {
        let mut state = self.lock();
        // Nobody is left who could be told, if there is none.
        state.ended = Some(code.unwrap_or(CloseCode::GoingAway));
        state.batch = None;
        drop(state);
        self.turn.close();
    }

    /// Nobody need wait any more.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.left = true;
        state.receiver = None;
        drop(state);
        self.left.notify_waiters();
    }

    fn receiver(&self) -> Option<oneshot::Sender<Delivery>> {
        self.lock().receiver.take().filter(|receiver| !receiver.is_closed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.session.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
