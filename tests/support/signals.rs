//! How a test and the channels of its server wait for each other, without a clock. Everything is named by a topic, and
//! belongs to the runtime that a test shares with its server: the same test may run over several transports at once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::runtime::{Handle, Id};
use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc};

type Named<T> = LazyLock<Mutex<HashMap<(Option<Id>, String), T>>>;

/// The topic in this runtime. There is none where a callback is dropped with it, and nobody waits there.
fn named(topic: &str) -> (Option<Id>, String) {
    (Handle::try_current().ok().map(|runtime| runtime.id()), topic.to_owned())
}

/// A gate that callbacks wait at until the test opens it, once for each.
pub(crate) fn gate(topic: &str) -> Arc<Semaphore> {
    static GATES: Named<Arc<Semaphore>> = LazyLock::new(Mutex::default);
    let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(gates.entry(named(topic)).or_insert_with(|| Arc::new(Semaphore::new(0))))
}

/// Waits until the test opens the gate.
pub(crate) async fn wait_at_gate(topic: &str) {
    match gate(topic).acquire().await {
        Ok(permit) => permit.forget(),
        Err(error) => panic!("{error}"),
    }
}

type Reports = (mpsc::UnboundedSender<String>, Arc<AsyncMutex<mpsc::UnboundedReceiver<String>>>);

fn reports(topic: &str) -> Reports {
    static REPORTS: Named<Reports> = LazyLock::new(Mutex::default);
    let mut reports = REPORTS.lock().unwrap_or_else(PoisonError::into_inner);
    let (sender, receiver) = reports.entry(named(topic)).or_insert_with(|| {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Arc::new(AsyncMutex::new(receiver)))
    });
    (sender.clone(), Arc::clone(receiver))
}

/// Tells the test something.
pub(crate) fn report(topic: &str, text: impl Into<String>) {
    let _ = reports(topic).0.send(text.into());
}

/// The next thing a channel of `topic` told.
pub(crate) async fn reported(topic: &str) -> String {
    let receiver = reports(topic).1;
    let mut receiver = receiver.lock().await;
    match tokio::time::timeout(super::client::PATIENCE, receiver.recv()).await {
        Ok(Some(text)) => text,
        _ => panic!("nothing reported on {topic}"),
    }
}
