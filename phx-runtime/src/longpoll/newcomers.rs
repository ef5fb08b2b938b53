//! Sessions that have never been polled, counted by the TCP connection they came by: a client polls as soon as it has its
//! token, so many of them are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Newcomers(Arc<AtomicUsize>);

/// One of them, until it is dropped.
pub(crate) struct Newcomer(Arc<AtomicUsize>);

impl Newcomers {
    /// One more; `None` if there are `limit` already.
    pub(crate) fn admit(&self, limit: usize) -> Option<Newcomer> {
        let counted = Newcomer(Arc::clone(&self.0));
        (self.0.fetch_add(1, Ordering::Relaxed) < limit).then_some(counted)
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_limit_are_admitted_at_a_time() {
        let newcomers = Newcomers::default();
        let (first, second) = (newcomers.admit(2), newcomers.admit(2));
        assert!(first.is_some() && second.is_some());
        assert!(newcomers.admit(2).is_none() && newcomers.clone().admit(2).is_none());
        drop(first);
        assert!(newcomers.admit(2).is_some());
    }
}
