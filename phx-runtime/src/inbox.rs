//! What waits for one channel: bounded, in order, and empty without memory while nothing waits.

use std::collections::VecDeque;
use std::future::poll_fn;
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

/// Whether a client's message can be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Free,
    /// Too many wait; the task that asked is woken when there is room.
    Full,
    /// The channel has ended.
    Ended,
}

impl<T> Inbox<T> {
    pub(crate) fn new(pushes: usize, messages: usize) -> Self {
        let state = State { queue: VecDeque::new(), status: Status::Open, channel: None, connection: None };
        // A client must always be able to send one message, and its messages alone must not be too many.
        let messages = messages.max(1);
        Self { state: Mutex::new(state), pushes: pushes.clamp(1, messages), messages }
    }

    /// Asks before a message from the client is put in, since that one can be made to wait.
    pub(crate) fn room(&self, cx: &Context<'_>) -> Room {
        let mut state = self.lock();
        match state.status {
            Status::Closed => Room::Ended,
            Status::Open if state.queue.len() >= self.pushes => {
                state.connection = Some(cx.waker().clone());
                Room::Full
            }
            // What is put in now gets no answer, as in Phoenix.
            Status::Open | Status::Disconnected | Status::Replaced | Status::Overflowed => Room::Free,
        }
    }

    /// Puts in a message, and says how many wait now: nothing is taken by a channel that ends. Too many messages end it.
    pub(crate) fn push(&self, message: T) -> Option<usize> {
        self.put(self.lock(), message)
    }

    /// Puts in a message that has [room](Self::room), or gives it back if the channel has ended since that was asked.
    pub(crate) fn deliver(&self, message: T) -> Option<T> {
        let state = self.lock();
        if state.status == Status::Closed {
            return Some(message);
        }
        self.put(state, message);
        None
    }

    fn put(&self, mut state: MutexGuard<'_, State<T>>, message: T) -> Option<usize> {
        if state.status != Status::Open {
            return None;
        }
        let has_room = state.queue.len() < self.messages;
        if has_room {
            state.queue.push_back(message);
        } else {
            state.status = Status::Overflowed;
        }
        let waiting = state.queue.len();
        wake_channel(state);
        has_room.then_some(waiting)
    }

    /// Moves what comes before the rest to the front; the order stays the same otherwise.
    pub(crate) fn let_first(&self, comes_first: impl Fn(&T) -> bool) {
        self.lock().queue.make_contiguous().sort_by_key(|message| !comes_first(message));
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

    /// Whether nothing more is to be handled, not even what waits.
    pub(crate) fn must_end(&self) -> bool {
        matches!(self.lock().status, Status::Replaced | Status::Overflowed)
    }

    /// Done when the connection is gone.
    pub(crate) async fn disconnected(&self) {
        self.reached(Status::Disconnected).await;
    }

    /// Done when the client has joined again.
    pub(crate) async fn replaced(&self) {
        self.reached(Status::Replaced).await;
    }

    async fn reached(&self, status: Status) {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.status == status {
                return Poll::Ready(());
            }
            state.channel = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Takes the first message of a kind out of its turn.
    pub(crate) fn take_first(&self, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        let state = self.lock();
        if matches!(state.status, Status::Replaced | Status::Overflowed) {
            return None;
        }
        let index = state.queue.iter().position(is_wanted)?;
        self.take(state, index)
    }

    /// Takes a message, and lets the connection bring more if there is room.
    fn take(&self, mut state: MutexGuard<'_, State<T>>, index: usize) -> Option<T> {
        let message = state.queue.remove(index)?;
        // Not at the first free place: the connection then has more than one message to bring.
        let has_room = state.queue.len() <= self.pushes / 2;
        let connection = if has_room { state.connection.take() } else { None };
        drop(state);
        if let Some(connection) = connection {
            connection.wake();
        }
        Some(message)
    }

    pub(crate) fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Received<T>> {
        let mut state = self.lock();
        match state.status {
            Status::Replaced => return Poll::Ready(Received::Replaced),
            Status::Overflowed => return Poll::Ready(Received::Overflowed),
            Status::Open | Status::Disconnected | Status::Closed => {}
        }
        if !state.queue.is_empty() {
            return self
                .take(state, 0)
                .map_or(Poll::Pending, |message| Poll::Ready(Received::Message(message)));
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

    /// Ends the queue. Before anyone can see that it has ended, `last` gets what was left in it, and whether the
    /// client has joined again.
    pub(crate) fn close_with<R>(&self, last: impl FnOnce(&VecDeque<T>, bool) -> R) -> R {
        let mut state = self.lock();
        let is_replaced = state.status == Status::Replaced;
        state.status = Status::Closed;
        let result = last(&state.queue, is_replaced);
        let connection = state.connection.take();
        let rest = std::mem::take(&mut state.queue);
        drop(state);
        if let Some(connection) = connection {
            connection.wake();
        }
        // Dropping messages may run user code, which must not happen under the lock.
        drop(rest);
        result
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

    fn room(inbox: &Inbox<u8>) -> Room {
        inbox.room(&Context::from_waker(Waker::noop()))
    }

    fn receive(inbox: &Inbox<u8>) -> Poll<Received<u8>> {
        inbox.poll_receive(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_client_waits_at_the_limit_and_goes_on_when_there_is_room() {
        let inbox = Inbox::new(2, 10);
        for message in 1..=2 {
            assert_eq!(room(&inbox), Room::Free);
            inbox.push(message);
        }
        assert_eq!(room(&inbox), Room::Full);
        assert_eq!(receive(&inbox), Poll::Ready(Received::Message(1)));
        assert_eq!(room(&inbox), Room::Free);
    }

    #[test]
    fn one_message_beyond_the_limit_overflows() {
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
        assert!(inbox.close_with(|_, is_replaced| is_replaced));
    }

    #[test]
    fn a_closed_inbox_shows_what_was_left_and_takes_no_more() {
        let inbox = Inbox::new(2, 3);
        inbox.push(1);
        inbox.close_with(|rest, is_replaced| assert!(*rest == [1] && !is_replaced));
        assert_eq!(room(&inbox), Room::Ended);
        assert!(!inbox.is_open());
    }

    #[test]
    fn what_is_delivered_too_late_comes_back() {
        let inbox = Inbox::new(8, 8);
        assert_eq!(inbox.deliver(1), None);
        inbox.close_with(|rest, _| assert_eq!(rest, &[1]));
        assert_eq!(inbox.deliver(2), Some(2));
        assert_eq!(inbox.push(3), None);
    }
}
