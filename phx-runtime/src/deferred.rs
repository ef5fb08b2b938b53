//! Answers that come later.

use crate::error::HandleError;
use crate::payload::EncodeError;
use crate::reply::{Answer, IntoReply};
use std::fmt;
use std::sync::Arc;

/// The right to answer a message later; see [`Context::defer`](crate::Context::defer).
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     type Params = NoParams;
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// struct Reports;
///
/// #[channel(socket = UserSocket)]
/// impl Reports {
///     #[join("reports")]
///     fn join() -> Result<Self, Refused> { Ok(Reports) }
///
///     #[handle_in("build")]
///     fn build(&mut self, ctx: &mut Context<Self>) {
///         let deferred = ctx.defer();
///         tokio::spawn(async move {
///             // … something that takes long, while the channel goes on …
///             deferred.reply(Ok::<_, Refused>(serde_json::json!({"pages": 12})))
///         });
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Deferred {
    answer: Arc<SendAnswer>,
}

type SendAnswer = dyn Fn(&Answer) -> Result<(), EncodeError> + Send + Sync;

impl Deferred {
    pub(crate) fn new(answer: impl Fn(&Answer) -> Result<(), EncodeError> + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer) }
    }

    /// Answers with anything a `#[handle_in]` method may return. An answer to a client that has gone is dropped.
    ///
    /// # Errors
    /// When the answer cannot be encoded; the client gets nothing.
    pub fn reply(&self, answer: impl IntoReply) -> Result<(), HandleError> {
        if let Some(reply) = answer.into_reply()? {
            (self.answer)(&reply.into_answer()?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}
