//! Whether an answer has left: what it delivers is given back if not.

use crate::delivery::Delivery;
use std::sync::{Arc, Mutex, PoisonError};

/// Goes with an answer, as an extension, and holds what the answer delivers. Our own server takes that out and sees what
/// becomes of it; any other passes for having sent it.
#[derive(Clone)]
pub(crate) struct Receipt(Arc<Untaken>);

struct Untaken(Mutex<Option<Delivery>>);

impl Receipt {
    pub(crate) fn new(delivery: Delivery) -> Self {
        Self(Arc::new(Untaken(Mutex::new(Some(delivery)))))
    }

    pub(crate) fn take(&self) -> Option<Delivery> {
        self.0.take()
    }
}

impl Untaken {
    fn take(&self) -> Option<Delivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        if let Some(delivery) = self.take() {
            delivery.delivered();
        }
    }
}

/// What the answers of one HTTP connection deliver that have yet to leave. When the connection goes down with them, they
/// are dropped, and so given back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unsent(Arc<Mutex<Vec<Delivery>>>);

impl Unsent {
    /// An answer is about to be written.
    pub(crate) fn put(&self, receipt: &Receipt) {
        if let Some(delivery) = receipt.take() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
        }
    }

    /// Everything that was to be written is.
    pub(crate) fn sent(&self) {
        for delivery in std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            delivery.delivered();
        }
    }
}
