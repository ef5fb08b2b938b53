//! A complaint that clients can cause, said often enough to be seen and too rarely to fill the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two complaints of one kind: someone who tries things out does not wait long for the next,
/// and a client that is refused over and over costs a line now and then.
const PAUSE: Duration = Duration::from_secs(5);

/// One kind of complaint.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    /// Since `last`.
    unsaid: u64,
}

impl Complaints {
    /// Whether to complain now: then, how many complaints were left out before this one.
    pub(crate) fn next(&self) -> Option<u64> {
        self.next_at(Instant::now())
    }

    fn next_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.duration_since(last) < PAUSE) {
            state.unsaid = state.unsaid.saturating_add(1);
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_at_least_a_pause_apart_and_the_unsaid_are_counted() {
        let complaints = Complaints::default();
        let start = Instant::now();
        let next = |after| complaints.next_at(start + after);
        assert_eq!(next(Duration::ZERO), Some(0));
        assert_eq!((next(Duration::ZERO), next(PAUSE / 2)), (None, None));
        assert_eq!(next(PAUSE * 99 / 100), None);
        assert_eq!(next(PAUSE), Some(3));
        assert_eq!(next(PAUSE), None);
        assert_eq!(next(PAUSE * 2), Some(1));
    }
}
