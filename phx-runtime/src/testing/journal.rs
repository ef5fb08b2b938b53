//! What has come and no assertion has taken, in order.

use super::entry::{End, Entry};
use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// So much is kept; then the oldest goes. A test that looks at none of it must not run out of memory.
const ENTRIES: usize = 65_536;

/// Of which so much is listed in a failure, the latest.
const LISTED: usize = 30;

pub(super) struct Journal {
    /// Who it is that it all came to, for a failure.
    whom: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Nothing more comes to the client, though it may be broadcast.
    is_closed: bool,
    /// The client has gone by itself, so that its end is nothing that came.
    has_left: bool,
    /// How joins have ended, whether an assertion has taken that or not.
    ends: HashMap<u64, End>,
    /// The first join that can be of this connection: those before it have ended with an earlier one.
    first: u64,
}

impl State {
    /// Whether nothing more comes to the client on the topic that it has joined so.
    fn has_ended(&self, join: u64) -> bool {
        self.is_closed || join < self.first || self.ends.contains_key(&join)
    }
}

impl Journal {
    pub(super) fn new(whom: impl Into<String>) -> Self {
        Self { whom: whom.into(), state: Mutex::default(), changed: Notify::new() }
    }

    pub(super) fn add(&self, entry: Entry) {
        let mut state = self.lock();
        state.is_closed |= matches!(entry, Entry::Closed { .. });
        if let Entry::End { join: Some(join), end, .. } = entry {
            state.ends.insert(join, end);
        }
        if !(state.has_left && matches!(entry, Entry::Closed { .. })) {
            if state.entries.len() >= ENTRIES {
                state.entries.pop_front();
            }
            state.entries.push_back(entry);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The client is connected again, with this as its next ref. How its connection ended before is no end of this one.
    pub(super) fn reopen(&self, next: u64) {
        let mut state = self.lock();
        state.first = next;
        state.entries.retain(|entry| !matches!(entry, Entry::Closed { .. }));
        (state.is_closed, state.has_left) = (false, false);
    }

    /// The client goes by itself, unless its connection has ended already.
    pub(super) fn leaves(&self) {
        let mut state = self.lock();
        state.has_left |= !state.is_closed;
    }

    /// The connection is no more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_waiters();
    }

    pub(super) fn has_left(&self) -> bool {
        self.lock().has_left
    }

    /// How a join has ended, if it has.
    pub(super) fn end(&self, join: u64) -> Option<End> {
        self.lock().ends.get(&join).copied()
    }

    /// The end after which nothing more comes to the client on the topic that it has joined so.
    pub(super) fn told_end(&self, join: u64) -> Option<&'static str> {
        let state = self.lock();
        let told = || state.ends.get(&join).map_or("the connection was closed", |end| end.told());
        state.has_ended(join).then(told)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Takes the first entry that `wanted` makes something of, when it comes, or `None` after the time.
    pub(super) async fn take<T>(
        &self,
        timeout: Duration,
        mut wanted: impl FnMut(&Entry) -> Option<T>,
    ) -> Option<T> {
        let mut time_is_up = pin!(tokio::time::sleep(timeout));
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = self.take_now(&mut wanted) {
                return Some(found);
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = &mut time_is_up => return None,
            }
        }
    }

    /// The same for what only comes over the connection: there is no waiting when that is closed.
    pub(super) async fn take_until_closed<T>(
        &self,
        timeout: Duration,
        wanted: impl FnMut(&Entry) -> Option<T>,
    ) -> Option<T> {
        self.take_until(timeout, self.closed(), wanted).await
    }

    /// The same for what does not come after something.
    pub(super) async fn take_until<T>(
        &self,
        timeout: Duration,
        over: impl Future<Output = ()>,
        mut wanted: impl FnMut(&Entry) -> Option<T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            found = self.take(timeout, &mut wanted) => return found,
            () = over => {}
        }
        self.take_now(wanted)
    }

    pub(super) fn take_now<T>(&self, mut wanted: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        let (index, found) =
            state.entries.iter().enumerate().find_map(|(index, entry)| Some((index, wanted(entry)?)))?;
        state.entries.remove(index);
        Some(found)
    }

    /// Waits until the connection is closed.
    pub(super) async fn closed(&self) {
        self.until(|state| state.is_closed).await;
    }

    /// Waits until a join has ended, or the connection.
    pub(super) async fn ended(&self, join: u64) {
        self.until(|state| state.has_ended(join)).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if is_so(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    /// A look at what is there.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().filter(|entry| !matches!(entry, Entry::Fence(_))).cloned().collect()
    }

    /// What came, for a failure.
    pub(super) fn listed(&self) -> String {
        let (whom, entries) = (&self.whom, self.entries());
        if entries.is_empty() {
            return format!("nothing came to {whom} that no assertion has taken");
        }
        let earlier = entries.len().saturating_sub(LISTED);
        let mut text = format!("what came to {whom} and no assertion has taken:");
        if earlier > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  … {earlier} before these");
        }
        for (index, entry) in entries.iter().enumerate().skip(earlier) {
            let _ = write!(text, "\n  {}. {entry}", index + 1);
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_more_than_are_kept_takes_the_place_of_the_oldest() {
        let journal = Journal::new("the client");
        let first = |journal: &Journal| {
            let entries = journal.entries();
            (entries.len(), entries.first().map(ToString::to_string))
        };
        for number in 0..ENTRIES {
            journal.add(Entry::Lost(number.to_string()));
        }
        assert_eq!(first(&journal), (ENTRIES, Some("lost on its way, as asked: 0".to_owned())));
        journal.add(Entry::Lost("one more".to_owned()));
        assert_eq!(first(&journal), (ENTRIES, Some("lost on its way, as asked: 1".to_owned())));
    }
}
