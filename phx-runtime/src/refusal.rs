//! How a request ends that becomes no connection, and why.

use crate::metrics::Check;
use std::borrow::Cow;
use warp::http::StatusCode;
use warp::reply::{Reply, Response, with_status};

/// The answer to the client, and what the log and the metrics learn.
pub(crate) struct Refusal {
    /// Boxed, as the one who is let in should not pay for it.
    answer: Box<Response>,
    because: Because,
}

#[derive(Debug, Clone)]
pub(crate) struct Because {
    pub(crate) check: Check,
    pub(crate) reason: Cow<'static, str>,
}

impl Refusal {
    /// Answered without a body: the reason is not for the client.
    pub(crate) fn new(status: StatusCode, check: Check, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_answer(status.into_response(), check, reason)
    }

    /// 400, with the reason for a person to read.
    pub(crate) fn bad_request(check: Check, reason: &'static str) -> Self {
        let answer = with_status(reason, StatusCode::BAD_REQUEST).into_response();
        Self::with_answer(answer, check, reason)
    }

    pub(crate) fn with_answer(answer: Response, check: Check, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { answer: Box::new(answer), because: Because { check, reason: reason.into() } }
    }

    /// Out of a transport, which gives only the answer: if it is ours, the rest is packed in.
    pub(crate) fn by_transport(mut answer: Response) -> Self {
        let packed = answer.extensions_mut().remove::<Because>();
        let because =
            packed.unwrap_or(Because { check: Check::Connect, reason: "the transport refused".into() });
        Self { answer: Box::new(answer), because }
    }

    /// The counterpart of [`by_transport`](Self::by_transport).
    pub(crate) fn pack(self) -> Response {
        let Self { mut answer, because } = self;
        answer.extensions_mut().insert(because);
        *answer
    }

    pub(crate) fn because(&self) -> &Because {
        &self.because
    }

    pub(crate) fn into_response(self) -> Response {
        *self.answer
    }
}
