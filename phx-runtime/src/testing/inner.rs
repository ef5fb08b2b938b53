//! What a client and its channels share.

use super::clock;
use super::connect_error::ConnectError;
use super::connection::Connection;
use super::entry::Entry;
use super::line::{Ends, FENCE, Line, Order};
use super::place::Place;
use super::subscription::listen;
use super::wire::Sent;
use crate::arrival::Arrival;
use crate::payload::Payload;
use crate::pubsub::Subscription;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a client may take to be connected: a test that waits so long has failed, and in paused time that is at once.
const CONNECT: Duration = Duration::from_mins(1);

/// What a channel has sent to itself may come after the first fence, but not after a second.
const FENCES: usize = 2;

/// How many clients this program has had, to tell them apart.
static CLIENTS: AtomicU64 = AtomicU64::new(0);

pub(super) struct Inner {
    /// Of this client, and of no other in the program.
    pub(super) number: u64,
    pub(super) place: Place,
    pub(super) ends: Arc<Ends>,
    arrival: Arrival,
    /// `None` after the client has gone.
    line: Mutex<Option<Line>>,
    /// To the topics that are listened to, as long as one of their channels is there.
    subscriptions: Mutex<HashMap<String, Weak<Subscription>>>,
    timeout: Mutex<Option<Duration>>,
}

impl Inner {
    pub(super) async fn connect(
        place: Place,
        arrival: Arrival,
        ends: Ends,
    ) -> Result<Arc<Self>, ConnectError> {
        let connection = connect(&place, &arrival).await?;
        let ends = Arc::new(ends);
        let line = Mutex::new(Some(Line::start(connection, &ends)));
        let number = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let (subscriptions, timeout) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(Self { number, place, ends, arrival, line, subscriptions, timeout }))
    }

    pub(super) async fn connect_again(&self) -> Result<(), ConnectError> {
        let connection = connect(&self.place, &self.arrival).await?;
        self.ends.journal.reopen(self.ends.next.load(Ordering::Relaxed));
        *self.line() = Some(Line::start(connection, &self.ends));
        Ok(())
    }

    /// Drops the connection.
    pub(super) async fn cut(&self) {
        let line = self.line().take();
        if let Some(line) = line {
            self.ends.journal.leaves();
            line.cut().await;
            self.ends.journal.close();
        }
    }

    /// Goes as a client should.
    pub(super) async fn close(&self) {
        self.ends.journal.leaves();
        let (told, is_told) = oneshot::channel();
        let ordered = self.line().as_ref().map(|line| (line.order(Order::Close(told)), line.reads()));
        if let Some((true, reads)) = ordered
            && self.place.over.transport() == "websocket"
        {
            let closed = async {
                // The server answers a close, unless it has gone. Who does not read would not see that.
                let _ = is_told.await;
                if reads {
                    self.ends.journal.closed().await;
                }
            };
            let _ = tokio::time::timeout(clock::REAL, closed).await;
        }
        self.cut().await;
    }

    pub(super) fn read(&self, reads: bool) {
        if let Some(line) = &*self.line() {
            line.read(reads);
        }
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner) = Some(timeout);
    }

    /// How long an assertion waits.
    pub(super) fn patience(&self) -> Duration {
        clock::patience(self.asked())
    }

    /// Waits until nothing more is to be expected of a join that has ended, or the connection is closed. Answers that a
    /// channel has put off may come after its end, and so may what it does while it ends after a leave.
    pub(super) async fn over(&self, join: u64) {
        self.ends.journal.ended(join).await;
        if self.ends.journal.is_closed() {
            return;
        }
        // What was sent before is answered before this, such as by "unmatched topic".
        self.fence(None, "phoenix", "heartbeat").await;
        tokio::select! {
            () = self.ends.journal.closed() => {}
            () = tokio::time::sleep(self.asked().unwrap_or(clock::PAUSED)) => {}
        }
    }

    fn asked(&self) -> Option<Duration> {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next_ref(&self) -> u64 {
        self.ends.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Listens to the broadcasts on a topic. Each is heard once, however many joins have asked for it.
    pub(super) fn listen(&self, topic: &str) -> Arc<Subscription> {
        let mut subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(subscription) = subscriptions.get(topic).and_then(Weak::upgrade) {
            return subscription;
        }
        let ends = Arc::clone(&self.ends);
        let subscription = Arc::new(listen(&self.place.endpoint, topic, move |broadcast| {
            ends.journal.add(Entry::broadcast(broadcast, ends.next.load(Ordering::Relaxed)));
        }));
        subscriptions.insert(topic.to_owned(), Arc::downgrade(&subscription));
        subscription
    }

    /// Sends a message of the test, unless it is to be lost.
    pub(super) async fn send(&self, sent: Sent<'_>) -> Result<(), String> {
        if self.ends.faults.loses_sent() {
            let Sent { topic, event, payload, .. } = sent;
            let lost = format!("{event:?} to {topic:?}: {}", super::compare::shown(payload));
            self.ends.journal.add(Entry::Lost(lost));
            return Ok(());
        }
        let (reference, event) = (sent.reference.to_owned(), sent.event.to_owned());
        self.ends.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(reference, event);
        self.transmit(sent).await
    }

    async fn transmit(&self, sent: Sent<'_>) -> Result<(), String> {
        let cannot = |why: &str| {
            let (event, topic) = (sent.event, sent.topic);
            format!("cannot send {event:?} to {topic:?}: {why}\n\n{}", self.ends.journal.listed())
        };
        let message = sent.encode(self.ends.version).map_err(|error| cannot(&error))?;
        let (done, is_done) = oneshot::channel();
        let ordered = self.line().as_ref().is_some_and(|line| line.order(Order::Send(message, done)));
        let gone = "the connection is closed";
        if !ordered || self.ends.journal.is_closed() {
            return Err(cannot(gone));
        }
        is_done.await.map_err(|_| cannot(gone))?.map_err(|error| cannot(&error))
    }

    /// Waits until what has not come will not: in paused time for as long as that is asked for, in real time until
    /// everything is here that the channel had to do, and no longer.
    pub(super) async fn settle(&self, topic: &str, join: u64) {
        let timeout = self.asked().unwrap_or(clock::PAUSED);
        let all_is_here = async {
            for _ in 0..FENCES {
                self.fence(Some(&join.to_string()), topic, "phx_fence").await;
            }
        };
        if clock::is_paused() {
            tokio::time::sleep(timeout).await;
        } else {
            // No answer comes from a client that does not read.
            let _ = tokio::time::timeout(timeout, all_is_here).await;
        }
    }

    /// Sends an event of the kit's own, and waits for its answer.
    async fn fence(&self, join_ref: Option<&str>, topic: &str, event: &str) {
        let (reference, payload) = (format!("{FENCE}{}", self.next_ref()), &Payload::empty());
        let fence = Sent { join_ref, reference: &reference, topic, event, payload };
        if self.transmit(fence).await.is_ok() {
            let answered =
                |entry: &Entry| matches!(entry, Entry::Fence(came) if *came == reference).then_some(());
            // Without end, where those who wait have one. It fails if the connection is closed meanwhile.
            let _ = self.ends.journal.take_until_closed(Duration::MAX, answered).await;
        }
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(place: &Place, arrival: &Arrival) -> Result<Connection, ConnectError> {
    let connected = tokio::time::timeout(CONNECT, place.connect(arrival)).await;
    connected.unwrap_or_else(|_| Err(ConnectError::failed(format!("no answer within {CONNECT:?}"))))
}
