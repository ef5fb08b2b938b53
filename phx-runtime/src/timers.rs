//! Messages that a channel sends itself for later. Nothing is spawned for them: the channel's own loop waits for the
//! earliest, and they end with it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// A delay that no clock can count counts as this: 30 years.
const FAR_FUTURE: Duration = Duration::from_hours(30 * 365 * 24);

/// The timers of one channel and what they bring it.
pub(crate) struct Timers<T>(Option<Clock<T>>);

struct Clock<T> {
    queue: Arc<Mutex<Queue<T>>>,
    /// Wakes the channel for the first timer.
    sleep: Pin<Box<Sleep>>,
}

struct Queue<T> {
    waiting: BTreeMap<Key, T>,
    next_number: u64,
}

/// When a timer is due. The number tells those of one moment apart, in the order they were set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    due: Instant,
    number: u64,
}

impl<T: Send + 'static> Timers<T> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// `None` if `limit` of them wait already.
    pub(crate) fn set(&mut self, delay: Duration, message: T, limit: usize) -> Option<Timer> {
        let now = Instant::now();
        let due = now.checked_add(delay).unwrap_or(now + FAR_FUTURE);
        let clock = self.0.get_or_insert_with(|| Clock {
            queue: Arc::new(Mutex::new(Queue { waiting: BTreeMap::new(), next_number: 0 })),
            sleep: Box::pin(sleep_until(due)),
        });
        let mut queue = lock(&clock.queue);
        if queue.waiting.len() >= limit {
            return None;
        }
        let key = Key { due, number: queue.next_number };
        queue.next_number += 1;
        queue.waiting.insert(key, message);
        drop(queue);
        let queue = Arc::downgrade(&clock.queue);
        Some(Timer { queue, key })
    }

    /// The message of the earliest timer, when that is due. Pending also if there is none.
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Some(clock) = &mut self.0 else { return Poll::Pending };
        loop {
            let mut queue = lock(&clock.queue);
            let Some(first) = queue.waiting.first_entry() else {
                drop(queue);
                self.0 = None;
                return Poll::Pending;
            };
            let due = first.key().due;
            if due <= Instant::now() {
                return Poll::Ready(first.remove());
            }
            drop(queue);
            if clock.sleep.deadline() != due {
                clock.sleep.as_mut().reset(due);
            }
            ready!(clock.sleep.as_mut().poll(cx));
        }
    }
}

fn lock<T>(queue: &Mutex<Queue<T>>) -> MutexGuard<'_, Queue<T>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message that a channel sent itself for later, with [`Context::send_after`](crate::Context::send_after).
///
/// Dropping this changes nothing. Keep it to be able to cancel the message, from the channel or from anywhere else:
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// use phx_runtime::Timer;
/// use std::time::Duration;
///
/// struct Room { stops_typing: Option<Timer> }
/// struct StoppedTyping;
///
/// # #[channel(socket = UserSocket)]
/// # impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room { stops_typing: None }) }
/// #[handle_in("typing")]
/// fn typing(&mut self, ctx: &mut Context<Self>) {
///     if let Some(timer) = self.stops_typing.take() { timer.cancel(); }
///     self.stops_typing = Some(ctx.send_after(Duration::from_secs(5), StoppedTyping));
/// }
///
/// #[handle_info]
/// fn stopped_typing(&mut self, _: StoppedTyping, ctx: &mut Context<Self>) {
///     ctx.broadcast_from("stopped_typing", &());
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Timer {
    queue: Weak<dyn Cancel>,
    key: Key,
}

impl Timer {
    /// One that was never set.
    pub(crate) fn none() -> Self {
        Self { queue: Weak::<Mutex<Queue<()>>>::new(), key: Key { due: Instant::now(), number: 0 } }
    }

    /// Takes the message back. Once this returns, the channel will not get it; `false` if it has it already, or has
    /// ended, or the timer was cancelled before.
    #[expect(
        clippy::must_use_candidate,
        reason = "most who cancel a timer do not care whether it was in time"
    )]
    pub fn cancel(&self) -> bool {
        self.queue.upgrade().is_some_and(|queue| queue.cancel(self.key))
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("due", &self.key.due).finish_non_exhaustive()
    }
}

/// The timers of a channel of any type.
trait Cancel: Send + Sync {
    fn cancel(&self, key: Key) -> bool;
}

impl<T: Send> Cancel for Mutex<Queue<T>> {
    fn cancel(&self, key: Key) -> bool {
        let cancelled = lock(self).waiting.remove(&key);
        // The message, which is the user's, is dropped here, after the lock.
        cancelled.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::task::Waker;

    const SECOND: Duration = Duration::from_secs(1);

    fn due(timers: &mut Timers<u8>) -> Poll<u8> {
        timers.poll_due(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn messages_come_when_they_are_due_in_the_order_of_that() {
        let mut timers = Timers::new();
        let start = Instant::now();
        for (seconds, message) in [(3, 3), (1, 1), (2, 2), (1, 11)] {
            timers.set(SECOND * seconds, message, 10);
        }
        for (seconds, message) in [(1, 1), (1, 11), (2, 2), (3, 3)] {
            assert_eq!(poll_fn(|cx| timers.poll_due(cx)).await, message);
            assert_eq!(start.elapsed(), SECOND * seconds);
        }
        assert_eq!(due(&mut timers), Poll::Pending);
        assert!(timers.is_empty(), "what is not needed any more is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_timer_that_is_set_later_is_waited_for_first() {
        let mut timers = Timers::new();
        timers.set(SECOND * 9, 9, 10);
        assert_eq!(due(&mut timers), Poll::Pending);
        timers.set(SECOND, 1, 10);
        let start = Instant::now();
        assert_eq!(poll_fn(|cx| timers.poll_due(cx)).await, 1);
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_message_never_comes_even_if_it_is_due_and_makes_room() {
        let mut timers = Timers::new();
        let first = timers.set(SECOND, 1, 2);
        let second = timers.set(SECOND, 2, 2);
        assert!(timers.set(SECOND, 3, 2).is_none(), "one more than the limit");
        tokio::time::advance(SECOND).await;
        assert!(first.as_ref().is_some_and(Timer::cancel));
        assert!(!first.as_ref().is_some_and(Timer::cancel), "it was cancelled before");
        assert!(timers.set(SECOND, 3, 2).is_some());
        assert_eq!(due(&mut timers), Poll::Ready(2));
        assert!(!second.is_some_and(|timer| timer.cancel()), "it has come");
        assert_eq!(poll_fn(|cx| timers.poll_due(cx)).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_of_a_channel_that_is_gone_can_be_cancelled_without_effect() {
        let mut timers = Timers::new();
        let timer = timers.set(SECOND, 1, 2);
        drop(timers);
        assert!(!timer.is_some_and(|timer| timer.cancel()));
        assert!(!Timer::none().cancel());
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_beyond_all_clocks_is_a_long_one() {
        let mut timers = Timers::new();
        assert!(timers.set(Duration::MAX, 1, 2).is_some());
        tokio::time::advance(Duration::from_hours(24 * 365)).await;
        assert_eq!(due(&mut timers), Poll::Pending);
    }
}
