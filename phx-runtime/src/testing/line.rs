//! The tasks of a client that is connected: one writes, with heartbeats, and one reads all the time, as a client does.

use super::connection::Connection;
use super::entry::{End, Entry};
use super::faults::Faults;
use super::journal::Journal;
use super::link::{Incoming, Outgoing};
use super::version::Version;
use super::wire::{Got, Sent};
use crate::payload::Payload;
use futures_util::FutureExt;
use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

/// A client that has been silent for so long sends a heartbeat, as phoenix.js does.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How the refs of what the kit itself sends begin. Those of the test are numbers.
const BEAT: &str = "heartbeat";
pub(super) const FENCE: &str = "fence";

/// What a client is asked to do.
pub(super) enum Order {
    Send(Message, oneshot::Sender<Result<(), String>>),
    Close(oneshot::Sender<()>),
}

/// What both tasks and the client share.
pub(super) struct Ends {
    pub(super) version: Version,
    pub(super) journal: Journal,
    pub(super) faults: Faults,
    /// The client's next ref. They grow, and so tell earlier joins from later ones.
    pub(super) next: AtomicU64,
    /// The events of what waits for its reply, by ref: the reply does not say.
    pub(super) sent: Mutex<HashMap<String, String>>,
    /// The latest join of each topic: what is broadcast says of none, and in version 1 nothing does.
    joined: Mutex<HashMap<String, u64>>,
}

/// Dropping it cuts the connection.
pub(super) struct Line {
    orders: mpsc::UnboundedSender<Order>,
    reads: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Line {
    pub(super) fn start(connection: Connection, ends: &Arc<Ends>) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let (reads, may_read) = watch::channel(true);
        let (outgoing, incoming) = connection.split();
        let write = tokio::spawn(write(outgoing, received, Arc::clone(ends)));
        let read = tokio::spawn(read(incoming, may_read, Arc::clone(ends)));
        Self { orders, reads, tasks: [write, read] }
    }

    /// Gives an order. Fails if nobody is there to follow it.
    pub(super) fn order(&self, order: Order) -> bool {
        self.orders.send(order).is_ok()
    }

    /// Whether the client reads what it is sent.
    pub(super) fn read(&self, reads: bool) {
        self.reads.send_replace(reads);
    }

    pub(super) fn reads(&self) -> bool {
        *self.reads.borrow()
    }

    /// Drops the connection, and waits until that is done.
    pub(super) async fn cut(mut self) {
        for task in &mut self.tasks {
            task.abort();
            // An error says that it was aborted.
            let _ = task.await;
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn write(mut outgoing: Outgoing, mut orders: mpsc::UnboundedReceiver<Order>, ends: Arc<Ends>) {
    let mut beats = 0_u64;
    loop {
        let order = tokio::select! {
            biased;
            () = ends.journal.closed() => return,
            order = orders.recv() => order,
            () = sleep(HEARTBEAT) => {
                beats += 1;
                let reference = format!("{BEAT}{beats}");
                let beat = Sent {
                    join_ref: None,
                    reference: &reference,
                    topic: "phoenix",
                    event: "heartbeat",
                    payload: &Payload::empty(),
                };
                if let Ok(beat) = beat.encode(ends.version)
                    && send(&mut outgoing, beat).await.is_err()
                {
                    return;
                }
                continue;
            }
        };
        match order {
            Some(Order::Send(message, sent)) => {
                // The test has gone if nobody listens.
                let _ = sent.send(send(&mut outgoing, message).await);
            }
            Some(Order::Close(told)) => {
                // Who cannot be told has gone already.
                let _ = outgoing.close().await;
                let _ = told.send(());
            }
            None => return,
        }
    }
}

async fn send(outgoing: &mut Outgoing, message: Message) -> Result<(), String> {
    outgoing.feed(message).await.map_err(|error| error.to_string())?;
    outgoing.flush().await.map_err(|error| error.to_string())
}

async fn read(mut incoming: Incoming, mut reads: watch::Receiver<bool>, ends: Arc<Ends>) {
    let code = loop {
        until(&mut reads, true).await;
        let next = if incoming.may_stop_waiting() {
            tokio::select! {
                biased;
                () = until(&mut reads, false) => continue,
                next = incoming.next() => next,
            }
        } else {
            let next = incoming.next().await;
            // The answer to what was asked for before waits too.
            until(&mut reads, true).await;
            next
        };
        match next {
            Ok(Some(Message::Close(frame))) => {
                // Has the answer to it written, and does not wait for the end: the server waits for this client to go.
                let _ = incoming.next().now_or_never();
                break frame.map(|frame| frame.code.into());
            }
            Ok(Some(message @ (Message::Text(_) | Message::Binary(_)))) => ends.received(&message),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break None,
        }
    };
    ends.journal.add(Entry::Closed { code });
}

/// Waits until the client is to read, or is not to.
async fn until(reads: &mut watch::Receiver<bool>, wanted: bool) {
    if reads.wait_for(|reads| *reads == wanted).await.is_err() {
        // The line is dropped, and this task with it.
        pending::<()>().await;
    }
}

impl Ends {
    pub(super) fn new(version: Version, journal: Journal) -> Self {
        let (faults, next) = (Faults::default(), AtomicU64::new(1));
        let (sent, joined) = (Mutex::default(), Mutex::default());
        Self { version, journal, faults, next, sent, joined }
    }

    fn received(&self, message: &Message) {
        let Some(entry) = self.entry(message) else { return };
        let is_lost = !matches!(entry, Entry::Fence(_)) && self.faults.loses_received();
        self.journal.add(if is_lost { Entry::Lost(entry.to_string()) } else { entry });
    }

    /// What is of interest in a message.
    fn entry(&self, message: &Message) -> Option<Entry> {
        match Got::decode(self.version, message) {
            Ok(Got::Reply { reference, .. }) if reference.starts_with(BEAT) => None,
            Ok(Got::Reply { reference, .. }) if reference.starts_with(FENCE) => Some(Entry::Fence(reference)),
            Ok(Got::Reply { reference, topic, status, response }) => {
                let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                let event = sent.remove(&reference).unwrap_or_default();
                if event == "phx_join"
                    && status == "ok"
                    && let Ok(join) = reference.parse()
                {
                    self.joined().insert(topic.clone(), join);
                }
                Some(Entry::Reply { reference, topic, event, status, response })
            }
            Ok(Got::Event { join_ref, topic, event, payload }) => {
                let join = join_ref.and_then(|join| join.parse().ok());
                let join = join.or_else(|| self.joined().get(&topic).copied());
                Some(match End::of(&event) {
                    Some(end) => Entry::End { join, topic, end, payload },
                    None => Entry::Push { join, topic, event, payload },
                })
            }
            Err(error) => Some(Entry::Unreadable(error)),
        }
    }

    fn joined(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
