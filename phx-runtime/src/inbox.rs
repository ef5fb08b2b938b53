//! What waits for one channel: bounded, in order, and empty without memory while nothing waits.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A queue that grew beyond this many messages gives its memory back when it is empty.
const KEPT_MESSAGES: usize = 8;

/// Many may put messages in; only the channel's own task takes them out.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    state: Mutex<State<T>>,
    /// How many may wait before a client's message has to wait for room.
    pushes: usize,
    /// How many may wait at all.
    messages: usize,
}

#[derive(Debug)]
struct State<T> {
    queue: VecDeque<T>,
    status: Status,
    channel: Option<Waker>,
    /// The connection, if it waits for room.
    connection: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Open,
    /// The connection is gone: what waits is still handled.
    Disconnected,
    /// The client joined again: nothing more is handled.
    Replaced,
    /// More came in than may wait.
    Overflowed,
    /// The channel has ended.
    Closed,
}

/// What the channel has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received<T> {
    Message(T),
    Disconnected,
    Replaced,
    Overflowed,
}

/// Why a client's message was not put in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rejected<T> {
    /// Too many wait; the task that asked is woken when there is room.
    Full(T),
    /// The channel has ended.
    Closed(T),
}

impl<T> Inbox<T> {
    pub(crate) fn new(pushes: usize, messages: usize) -> Self {
        let state = State { queue: VecDeque::new(), status: Status::Open, channel: None, connection: None };
        // A client must always be able to send one message.
        Self { state: Mutex::new(state), pushes: pushes.max(1), messages: messages.max(1) }
    }

    /// Puts in a message from the client, which can be made to wait; `wrap` makes it one of the inbox.
    pub(crate) fn poll_push<M>(
        &self,
        cx: &mut Context<'_>,
        message: M,
        wrap: impl FnOnce(M) -> T,
    ) -> Result<(), Rejected<M>> {
        let mut state = self.lock();
        match state.status {
            Status::Closed => return Err(Rejected::Closed(message)),
            // What follows a replaced or overflowed channel's end gets no answer, as in Phoenix.
            Status::Disconnected | Status::Replaced | Status::Overflowed => return Ok(()),
            Status::Open => {}
        }
        if state.queue.len() >= self.pushes {
            state.connection = Some(cx.waker().clone());
            return Err(Rejected::Full(message));
        }
        state.queue.push_back(wrap(message));
        wake_channel(state);
        Ok(())
    }

    /// Puts in a message that cannot wait. Too many of them end the channel.
    pub(crate) fn push(&self, message: T) {
        let mut state = self.lock();
        if state.status != Status::Open {
            return;
        }
        if state.queue.len() >= self.messages {
            state.status = Status::Overflowed;
        } else {
            state.queue.push_back(message);
        }
        wake_channel(state);
    }

    /// Tells the channel that its connection is gone.
    pub(crate) fn disconnect(&self) {
        self.set(Status::Disconnected);
    }

    /// Tells the channel that its client joins again.
    pub(crate) fn replace(&self) {
        self.set(Status::Replaced);
    }

    fn set(&self, status: Status) {
        let mut state = self.lock();
        if state.status != Status::Closed {
            state.status = status;
        }
        wake_channel(state);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().status != Status::Closed
    }

    /// Whether the connection is gone; if not, the task is woken when it goes.
    pub(crate) fn poll_disconnected(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.status == Status::Disconnected {
            return Poll::Ready(());
        }
        state.channel = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(crate) async fn receive(&self) -> Received<T> {
        std::future::poll_fn(|cx| self.poll_receive(cx)).await
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Received<T>> {
        let mut state = self.lock();
        match state.status {
            Status::Replaced => return Poll::Ready(Received::Replaced),
            Status::Overflowed => return Poll::Ready(Received::Overflowed),
            Status::Open | Status::Disconnected | Status::Closed => {}
        }
        if let Some(message) = state.queue.pop_front() {
            let has_room = state.queue.len() < self.pushes;
            let connection = if has_room { state.connection.take() } else { None };
            drop(state);
            if let Some(connection) = connection {
                connection.wake();
            }
            return Poll::Ready(Received::Message(message));
        }
        if state.status != Status::Open {
            return Poll::Ready(Received::Disconnected);
        }
        if state.queue.capacity() > KEPT_MESSAGES {
            state.queue = VecDeque::new();
        }
        state.channel = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ends the queue and shows what was left in it to `last`, before anyone can see that it has ended.
    pub(crate) fn close_with(&self, last: impl FnOnce(&VecDeque<T>)) {
        let mut state = self.lock();
        state.status = Status::Closed;
        last(&state.queue);
        let connection = state.connection.take();
        // Dropping messages may run user code, which must not happen under the lock.
        let rest = std::mem::take(&mut state.queue);
        drop(state);
        drop(rest);
        if let Some(connection) = connection {
            connection.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake_channel<T>(mut state: MutexGuard<'_, State<T>>) {
    let waker = state.channel.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(inbox: &Inbox<u8>, message: u8) -> Result<(), Rejected<u8>> {
        inbox.poll_push(&mut Context::from_waker(Waker::noop()), message, |message| message)
    }

    fn receive(inbox: &Inbox<u8>) -> Poll<Received<u8>> {
        inbox.poll_receive(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_client_waits_at_the_limit_and_goes_on_when_there_is_room() {
        let inbox = Inbox::new(2, 10);
        assert_eq!(push(&inbox, 1), Ok(()));
        assert_eq!(push(&inbox, 2), Ok(()));
        assert_eq!(push(&inbox, 3), Err(Rejected::Full(3)));
        assert_eq!(receive(&inbox), Poll::Ready(Received::Message(1)));
        assert_eq!(push(&inbox, 3), Ok(()));
    }

    #[test]
    fn what_cannot_wait_overflows_one_beyond_the_limit() {
        let inbox = Inbox::new(2, 3);
        for message in 1..=3 {
            inbox.push(message);
        }
        assert_eq!(receive(&inbox), Poll::Ready(Received::Message(1)));
        inbox.push(4);
        inbox.push(5);
        assert_eq!(receive(&inbox), Poll::Ready(Received::Overflowed));
    }

    #[test]
    fn a_disconnect_comes_after_what_waits_and_a_replacement_before() {
        let inbox = Inbox::new(2, 3);
        inbox.push(1);
        inbox.disconnect();
        assert_eq!(receive(&inbox), Poll::Ready(Received::Message(1)));
        assert_eq!(receive(&inbox), Poll::Ready(Received::Disconnected));

        let inbox = Inbox::new(2, 3);
        inbox.push(1);
        inbox.replace();
        assert_eq!(receive(&inbox), Poll::Ready(Received::Replaced));
    }

    #[test]
    fn a_closed_inbox_hands_back_what_was_left_and_what_still_comes() {
        let inbox = Inbox::new(2, 3);
        inbox.push(1);
        inbox.close_with(|rest| assert_eq!(*rest, [1]));
        assert_eq!(push(&inbox, 2), Err(Rejected::Closed(2)));
        assert!(!inbox.is_open());
    }
}
