//! How many bytes of a client's messages may wait for all its channels together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// What a message costs besides its payload: its place in the queue, its event and refs.
const OVERHEAD: usize = 256;

#[derive(Debug)]
pub(crate) struct Budget {
    state: Mutex<State>,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    claimed: usize,
    /// The connection, if it waits for room, and for how much.
    connection: Option<(Waker, usize)>,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), limit }
    }

    /// Sets room aside for a payload and returns its cost, to be given [`back`](Self::give_back). Without room, the
    /// task that asked is woken when there is some. When nothing waits, there is room for any one message.
    pub(crate) fn claim(&self, payload: usize, cx: &Context<'_>) -> Option<usize> {
        let cost = payload + OVERHEAD;
        let mut state = self.lock();
        if state.claimed > 0 && state.claimed + cost > self.limit {
            state.connection = Some((cx.waker().clone(), cost));
            return None;
        }
        state.claimed += cost;
        Some(cost)
    }

    pub(crate) fn give_back(&self, cost: usize) {
        let mut state = self.lock();
        state.claimed -= cost;
        // Not for less than it waits for: each time it is woken it decodes the message anew.
        let claimed = state.claimed;
        let fits = |&mut (_, cost): &mut (Waker, usize)| claimed == 0 || claimed + cost <= self.limit;
        let connection = state.connection.take_if(fits);
        drop(state);
        if let Some((connection, _)) = connection {
            connection.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn up_to_the_limit_may_wait_and_not_a_byte_more() {
        let cx = Context::from_waker(Waker::noop());
        let budget = Budget::new(1000 + 2 * OVERHEAD);
        assert_eq!(budget.claim(400, &cx), Some(400 + OVERHEAD));
        assert_eq!(budget.claim(601, &cx), None);
        assert_eq!(budget.claim(600, &cx), Some(600 + OVERHEAD));
        assert_eq!(budget.claim(0, &cx), None);
        budget.give_back(400 + OVERHEAD);
        assert_eq!(budget.claim(0, &cx), Some(OVERHEAD));
    }

    #[test]
    fn the_connection_is_woken_when_there_is_room_for_its_message_and_not_before() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let cx = Context::from_waker(&waker);
        let budget = Budget::new(1000 + 2 * OVERHEAD);
        let claims = [budget.claim(500, &cx), budget.claim(400, &cx)];
        assert_eq!(claims, [Some(500 + OVERHEAD), Some(400 + OVERHEAD)]);
        assert_eq!(budget.claim(700, &cx), None);
        budget.give_back(400 + OVERHEAD);
        assert!(!woken.0.load(Ordering::Relaxed), "500 of 1000 are left, too few for 700");
        budget.give_back(500 + OVERHEAD);
        assert!(woken.0.load(Ordering::Relaxed));
        assert_eq!(budget.claim(700, &cx), Some(700 + OVERHEAD));
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_message_above_the_limit_passes_when_nothing_waits() {
        let cx = Context::from_waker(Waker::noop());
        let budget = Budget::new(100);
        assert_eq!(budget.claim(5000, &cx), Some(5000 + OVERHEAD));
        assert_eq!(budget.claim(0, &cx), None);
    }
}
