//! The tasks that sockets run in the background of an endpoint.

use crate::channel_task::panic_text;
use crate::endpoint::Endpoint;
use crate::mount::Mount;
use futures_util::FutureExt;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::task::JoinSet;

/// Started once, stopped for good.
#[derive(Debug, Default)]
pub(crate) struct Background(OnceLock<Mutex<JoinSet<()>>>);

impl Background {
    /// Starts the tasks of `endpoint`, unless they have been started or stopped already.
    pub(crate) fn start(&self, endpoint: &Endpoint) {
        self.0.get_or_init(|| {
            let tasks = endpoint.mounts.iter().map(|mount| guarded(Arc::clone(mount), endpoint.clone()));
            Mutex::new(tasks.collect())
        });
    }

    /// Drops what still runs and waits until it is gone.
    pub(crate) async fn stop(&self) {
        self.take().shutdown().await;
    }

    /// Drops what still runs, each task as soon as it lets go of its thread.
    pub(crate) fn abort(&self) {
        drop(self.take());
    }

    fn take(&self) -> JoinSet<()> {
        let tasks = self.0.get_or_init(Mutex::default);
        mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn guarded(mount: Arc<Mount>, endpoint: Endpoint) {
    let path = mount.path.clone();
    let task = AssertUnwindSafe(async move { mount.background(endpoint).await });
    if let Err(panic) = task.catch_unwind().await {
        tracing::error!(path, crash = panic_text(&*panic), "a socket's background task crashed");
    }
}
