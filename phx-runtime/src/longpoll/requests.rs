//! The requests of long polling: a GET begins a session or fetches messages, a POST brings some.

use super::answers;
use super::posted::{self, BadPost};
use super::{LongPoll, Newcomers, Polling};
use crate::desk::Life;
use crate::handshake::{Request, check_origin, parse_query};
use crate::hub::Hub;
use crate::metrics::Check;
use crate::mount::Mount;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::session::{Session, SessionError};
use crate::way::BySession;
use bytes::Buf;
use futures_util::Stream;
use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{sleep, timeout};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response, with_status};

/// Where phoenix.js puts the session's token since 1.9; before, it is the parameter `token`.
const TOKEN_HEADER: &str = "x-phoenix-longpoll-token";

/// What a request to a mount with long polling meets.
pub(crate) struct Polls<'p> {
    pub(crate) hub: Arc<Hub>,
    pub(crate) mount: &'p Arc<Mount>,
    pub(crate) polling: &'p Polling,
    /// Those of the request's TCP connection, under a server that tells.
    pub(crate) newcomers: Option<&'p Newcomers>,
}

impl Polls<'_> {
    pub(crate) async fn answer<E>(
        &self,
        request: Request,
        body: impl Stream<Item = Result<impl Buf, E>>,
    ) -> Response {
        let answer = self.respond(request, body).await;
        answers::for_pages(answer.unwrap_or_else(|refusal| refused(self.polling, self.mount, refusal)))
    }

    async fn respond<E>(
        &self,
        request: Request,
        body: impl Stream<Item = Result<impl Buf, E>>,
    ) -> Result<Response, Refused> {
        let Self { mount, polling, .. } = *self;
        let token = token(&request, mount);
        let named = token.as_ref().ok().and_then(Option::as_deref);
        let is_get = request.method == Method::GET;
        let found = named.and_then(|token| Some((polling.sessions.find(token, is_get)?, token)));
        if is_get && found.is_none() {
            // The handshake makes the other checks, and tells how they go.
            return self.begin(request).await;
        }
        if let Err(refusal) = token {
            return Err(refusal.into());
        }
        check_origin(&request, mount)?;
        match request.method {
            Method::GET => {
                if let Some((session, token)) = found
                    && let Some(answer) = poll(&session, token, &polling.options).await
                {
                    return Ok(answer);
                }
                self.begin(request).await
            }
            Method::POST => {
                let Some((session, _)) = found else {
                    // A client that still sends would not see the answer.
                    posted::discard(body, &polling.options).await;
                    return Ok(answers::status(410));
                };
                post(request, body, &session, &polling.options).await
            }
            Method::OPTIONS => Ok(answers::preflight(&request.headers)),
            _ => Ok(StatusCode::BAD_REQUEST.into_response()),
        }
    }

    /// Begins a session. A client whose session has ended gets the token of a new one too, as old ones go on with it.
    async fn begin(&self, request: Request) -> Result<Response, Refused> {
        let Self { mount, polling, newcomers, .. } = *self;
        let Polling { options, sessions, .. } = polling;
        let admitted = newcomers.map(|newcomers| newcomers.admit(options.max_newcomers).ok_or(Refused::Full));
        let newcomer = admitted.transpose()?;
        let place = sessions.reserve().ok_or(Refused::Full)?;
        let id = place.id();
        let way = BySession {
            name: "longpoll",
            life: Life::Polls(options.window.saturating_mul(3) / 2),
            is_text_only: true,
            books: Box::new(place),
        };
        let session = mount.open(request, Arc::clone(&self.hub), way).await?;
        Ok(answers::poll(410, &sessions.put(id, session, newcomer), None))
    }
}

/// A request that is not as it should be.
enum Refused {
    Connect(Refusal),
    Post(BadPost),
    /// There are `max_sessions`, or `max_newcomers`.
    Full,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Connect(refusal)
    }
}

impl From<BadPost> for Refused {
    fn from(reason: BadPost) -> Self {
        Self::Post(reason)
    }
}

fn refused(polling: &Polling, mount: &Mount, refused: Refused) -> Response {
    match refused {
        // Told already, and answered as far as this can be told apart.
        Refused::Connect(refusal) => match refusal.because().check {
            Check::Query | Check::Crash => refusal.into_response(),
            _ => answers::status(403),
        },
        Refused::Post(reason) => {
            polling.complain(mount, &reason);
            match reason {
                BadPost::TooMany => answers::status(413),
                BadPost::TooSlow => StatusCode::REQUEST_TIMEOUT.into_response(),
                BadPost::TooLarge | BadPost::Broken | BadPost::Base64 => {
                    with_status(reason.to_string(), StatusCode::BAD_REQUEST).into_response()
                }
            }
        }
        Refused::Full => {
            mount.metrics.refused(Check::Sessions);
            polling
                .complain(mount, &"there are `max_sessions` already, or `max_newcomers` of its connection");
            // phoenix.js tries again after any answer that is no JSON.
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// The session's token, if the client has one.
fn token(request: &Request, mount: &Mount) -> Result<Option<String>, Refusal> {
    let params = parse_query(&request.uri, mount)?;
    let header = request.headers.get(TOKEN_HEADER).map(|token| token.to_str().unwrap_or_default());
    let token = header.map(str::to_owned);
    Ok(token.or_else(|| params.text("token").map(Cow::into_owned)))
}

/// Waits for messages, and answers with all that wait then. `None` if the session had ended before, and nothing waits.
async fn poll(session: &Session, token: &str, options: &LongPoll) -> Option<Response> {
    let had_ended = session.has_ended();
    let mut window = pin!(sleep(options.window));
    let received = tokio::select! {
        received = session.recv() => received,
        () = &mut window => return Some(answers::poll(204, token, None)),
    };
    match received {
        Ok(delivery) => {
            let mut response = answers::poll(200, token, Some(&delivery));
            response.extensions_mut().insert(Receipt::new(delivery));
            return Some(response);
        }
        // Answered at once, two pollers of one session would chase each other.
        Err(SessionError::Replaced) => tokio::select! {
            () = window => {}
            _ = session.ended() => {}
        },
        Err(SessionError::Ended(_)) if had_ended => return None,
        // The next poll finds no session.
        Err(SessionError::Ended(_)) => {}
    }
    Some(answers::poll(204, token, None))
}

/// Hands over what the client says.
async fn post<E>(
    request: Request,
    body: impl Stream<Item = Result<impl Buf, E>>,
    session: &Session,
    options: &LongPoll,
) -> Result<Response, Refused> {
    // Only then is the body read, so that one at a time takes memory for a session.
    let turn = match timeout(options.window, session.turn()).await {
        Ok(Ok(turn)) => turn,
        Ok(Err(_)) => return Ok(answers::status(410)),
        Err(_) => return Ok(answers::status(408)),
    };
    let body = posted::read(body, options).await?;
    let messages = posted::messages(&request.headers, body, options.max_batch)?;
    let had_ended = session.has_ended();
    let mut brought = session.bring(turn, messages);
    let status = match timeout(options.window, brought.taken()).await {
        Ok(Ok(())) => 200,
        Ok(Err(_)) if had_ended => 410,
        // By one of these messages, most likely.
        Ok(Err(_)) => 408,
        Err(_) => {
            brought.withdraw();
            408
        }
    };
    Ok(answers::status(status))
}
