//! A step of a test: what the user awaits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What the methods of a [`TestClient`](super::TestClient) and a [`TestChannel`](super::TestChannel) return: it does
/// nothing until it is awaited.
///
/// # Panics
/// If the test has failed, at the line of the `.await`, with a message that says what did come.
#[must_use = "a step of a test does nothing until it is awaited"]
pub struct Step<T>(Pin<Box<dyn Future<Output = Result<T, String>> + Send>>);

impl<T> Step<T> {
    /// The error is the message with which the test fails.
    pub(super) fn new(step: impl Future<Output = Result<T, String>> + Send + 'static) -> Self {
        Self(Box::pin(step))
    }

    /// As a part of another step.
    pub(super) fn into_result(self) -> impl Future<Output = Result<T, String>> + Send {
        self.0
    }
}

impl<T> Future for Step<T> {
    type Output = T;

    /// The caller is the test, where it awaits.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(self.0.as_mut().poll(cx)) {
            Ok(value) => Poll::Ready(value),
            Err(message) => panic!("{message}"),
        }
    }
}

impl<T> fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}
