//! Whose time a test goes by.

use std::time::{Duration, Instant};

/// How long an assertion waits in paused time, and how long one that nothing comes: as in Phoenix.
pub(super) const PAUSED: Duration = Duration::from_millis(100);

/// How long an assertion waits in real time. A test that passes does not, and a busy machine is slow.
pub(super) const REAL: Duration = Duration::from_secs(5);

/// How long an assertion waits, if the test asks for nothing else.
pub(super) fn patience(asked: Option<Duration>) -> Duration {
    asked.unwrap_or_else(|| if is_paused() { PAUSED } else { REAL })
}

/// A clock that has not moved for so long stands still.
const BLINK: Duration = Duration::from_micros(20);

/// Whether the time of this runtime is paused: it passes only when nobody has anything to do.
pub(super) fn is_paused() -> bool {
    let (ours, real) = (tokio::time::Instant::now(), Instant::now());
    while real.elapsed() < BLINK {
        std::hint::spin_loop();
    }
    ours.elapsed().is_zero()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_that_is_paused_is_told_from_time_that_passes() {
        assert!(is_paused());
        tokio::time::resume();
        assert!(!is_paused());
        tokio::time::pause();
        assert!(is_paused());
    }
}
