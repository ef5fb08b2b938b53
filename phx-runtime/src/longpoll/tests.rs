//! Everything that takes time, in paused time and without sockets. What goes over the wire is tested there.

use super::{LongPoll, Polls};
use crate::endpoint::Endpoint;
use crate::frame::{CloseCode, Opcode};
use crate::handshake::Request;
use crate::mount::MountOptions;
use crate::receipt::Receipt;
use crate::transport::{ConnectRequest, Flow, Transport, TransportContext};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hyper::body::Body as _;
use serde::Deserialize;
use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::ops::ControlFlow::{Break, Continue};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use warp::reply::Response;

type TestResult = Result<(), Box<dyn Error>>;

/// Says everything back, unless it is told to do something else.
struct Echo {
    pause: Option<Pin<Box<Sleep>>>,
}

impl Transport for Echo {
    type Info = Infallible;

    async fn connect(_: &ConnectRequest<'_>) -> Result<Self, Response> {
        Ok(Self { pause: None })
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(Continue(()))
    }

    fn handle_in(
        &mut self,
        opcode: Opcode,
        message: Bytes,
        ctx: &mut TransportContext<'_, '_, Self>,
    ) -> Flow {
        match &*message {
            b"[block]" => self.pause = Some(Box::pin(sleep(12 * SECOND))),
            b"stop" => return Break(CloseCode::Normal),
            b"panic" => panic!("asked to panic"),
            b"say and stop" => {
                ctx.push(Opcode::Text, b"goodbye");
                return Break(CloseCode::Normal);
            }
            _ => ctx.push(opcode, &message),
        }
        Continue(())
    }
}

/// A mount, and requests to it as the HTTP server hands them over.
#[derive(Clone)]
struct Server(Endpoint);

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Answer {
    status: u16,
    #[serde(default)]
    token: String,
    #[serde(default)]
    messages: Vec<String>,
}

impl Server {
    fn start(configure: impl FnOnce(&mut MountOptions, &mut LongPoll)) -> Result<Self, Box<dyn Error>> {
        let options = |options: &mut MountOptions| {
            let mut longpoll = LongPoll::default();
            configure(options, &mut longpoll);
            options.longpoll = Some(longpoll);
        };
        let builder = Endpoint::builder().secret_key_base("s".repeat(64));
        Ok(Self(builder.transport_with::<Echo>("/echo", options).build()?))
    }

    async fn request(
        &self,
        method: Method,
        token: &str,
        body: impl Stream<Item = Result<Bytes, Infallible>>,
    ) -> Response {
        self.request_with(method, token, body, false).await
    }

    async fn request_with(
        &self,
        method: Method,
        token: &str,
        body: impl Stream<Item = Result<Bytes, Infallible>>,
        has_lines: bool,
    ) -> Response {
        let mount = &self.0.mounts[0];
        let Some(polling) = &mount.polling else { panic!("the mount has long polling") };
        let uri = format!("/echo/longpoll?token={token}").parse().unwrap_or_default();
        let mut headers = HeaderMap::new();
        if has_lines {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        }
        let request = Request { method, uri, segments: Vec::new(), headers, peer_addr: None };
        Polls { hub: Arc::clone(&self.0.hub), mount, polling, newcomers: None }.answer(request, body).await
    }

    async fn get(&self, token: &str) -> Result<Answer, Box<dyn Error>> {
        read(self.request(Method::GET, token, stream::empty()).await).await
    }

    async fn post(&self, token: &str, body: &'static str) -> Result<u16, Box<dyn Error>> {
        let has_lines = body.contains('\n');
        let body = stream::iter([Ok(Bytes::from(body))]);
        Ok(read(self.request_with(Method::POST, token, body, has_lines).await).await?.status)
    }

    /// Begins a session and gives its token.
    async fn begin(&self) -> Result<String, Box<dyn Error>> {
        let Answer { status, token, messages } = self.get("").await?;
        assert_eq!((status, messages), (410, Vec::new()));
        Ok(token)
    }

    async fn is_alive(&self, token: &str) -> Result<bool, Box<dyn Error>> {
        // Not by a GET, which would keep it alive.
        Ok(self.post(token, "are you there?").await? == 200)
    }
}

async fn read(response: Response) -> Result<Answer, Box<dyn Error>> {
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        bytes.extend_from_slice(&frame?.into_data().unwrap_or_default());
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn messages(answer: &Answer) -> (u16, Vec<&str>) {
    (answer.status, answer.messages.iter().map(String::as_str).collect())
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_poll_that_nothing_comes_for_ends_with_its_window() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    let start = Instant::now();
    let answer = server.get(&token).await?;
    assert_eq!((answer.status, answer.token, start.elapsed()), (204, token, 10 * SECOND));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_first_message_wakes_a_poll() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    let start = Instant::now();
    let (answer, status) = tokio::join!(server.get(&token), async {
        sleep(3 * SECOND).await;
        server.post(&token, "hello").await
    });
    assert_eq!((messages(&answer?), status?), ((200, vec!["hello"]), 200));
    assert_eq!(start.elapsed(), 3 * SECOND);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_session_dies_when_no_poll_came_for_one_and_a_half_windows() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    // It counts from the end of the last poll, which a window may lie behind its start.
    assert_eq!(server.get(&token).await?.status, 204);
    sleep(Duration::from_millis(14_999)).await;
    assert!(server.is_alive(&token).await?, "a POST finds it, and does not keep it alive");
    sleep(Duration::from_millis(2)).await;
    assert!(!server.is_alive(&token).await?);
    // What nobody has fetched waits for a while, as for a WebSocket that is closed.
    sleep(5 * SECOND).await;
    assert_eq!(server.0.connections(), 0);
    let answer = server.get(&token).await?;
    assert_eq!(answer.status, 410);
    assert_ne!(answer.token, token);
    assert!(server.is_alive(&answer.token).await?, "what comes in its place works");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_for_as_long_as_it_is_polled() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    for _ in 0..100 {
        assert_eq!(server.get(&token).await?.status, 204);
        sleep(14 * SECOND).await;
    }
    assert!(server.is_alive(&token).await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_later_poll_takes_the_place_of_an_earlier_one_which_is_answered_at_its_end() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    let start = Instant::now();
    let timed = async |after: Duration| {
        sleep(after).await;
        let answer = server.get(&token).await?;
        Ok::<_, Box<dyn Error>>((answer.status, answer.messages, start.elapsed()))
    };
    let (first, second, status) = tokio::join!(timed(Duration::ZERO), timed(2 * SECOND), async {
        sleep(5 * SECOND).await;
        server.post(&token, "once").await
    });
    assert_eq!(first?, (204, vec![], 10 * SECOND));
    assert_eq!(second?, (200, vec!["once".to_owned()], 5 * SECOND));
    assert_eq!(status?, 200);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_poll_in_flight_is_answered_at_once_when_the_session_ends() -> TestResult {
    let server = Server::start(|_, _| ())?;
    for (said, got) in [("stop", None), ("panic", None), ("say and stop", Some("goodbye"))] {
        let token = server.begin().await?;
        let start = Instant::now();
        let (answer, status) = tokio::join!(server.get(&token), async {
            sleep(SECOND).await;
            server.post(&token, said).await
        });
        let answer = answer?;
        let expected = got.map_or((204, vec![]), |text| (200, vec![text]));
        assert_eq!((messages(&answer), status?), (expected, 408), "{said}");
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(server.get(&token).await?.status, 410);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_was_replaced_is_answered_at_once_when_the_session_ends() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    let start = Instant::now();
    let (first, second, status) = tokio::join!(server.get(&token), server.get(&token), async {
        sleep(SECOND).await;
        server.post(&token, "stop").await
    });
    assert_eq!((first?.status, second?.status, status?), (204, 204, 408));
    assert_eq!(start.elapsed(), SECOND);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_a_session_ends_can_be_fetched_for_a_while() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    assert_eq!(server.post(&token, "say and stop").await?, 408);
    assert_eq!(server.post(&token, "anything").await?, 410);
    sleep(Duration::from_millis(4_999)).await;
    assert_eq!(messages(&server.get(&token).await?), (200, vec!["goodbye"]));
    assert_eq!(server.get(&token).await?.status, 410);

    let token = server.begin().await?;
    assert_eq!(server.post(&token, "say and stop").await?, 408);
    sleep(5 * SECOND + Duration::from_millis(1)).await;
    assert_eq!(server.get(&token).await?.status, 410);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_not_taken_within_the_window_is_taken_back() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    let start = Instant::now();
    assert_eq!(server.post(&token, "[before]\n[block]\n[taken back]").await?, 408);
    assert_eq!(start.elapsed(), 10 * SECOND);
    // It takes its turn in time, now that the one before has given up.
    assert_eq!(server.post(&token, "after").await?, 200);
    assert_eq!(start.elapsed(), 12 * SECOND);
    assert_eq!(messages(&server.get(&token).await?), (200, vec!["[before]", "after"]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_post_waits_for_the_one_before_it() -> TestResult {
    let server = Server::start(|_, longpoll| longpoll.body_timeout = 60 * SECOND)?;
    let token = server.begin().await?;
    let slow = stream::once(async {
        sleep(4 * SECOND).await;
        Ok(Bytes::from("first"))
    });
    let (first, second) = tokio::join!(server.request(Method::POST, &token, slow.boxed()), async {
        sleep(SECOND).await;
        server.post(&token, "second").await
    });
    assert_eq!((read(first).await?.status, second?), (200, 200));
    assert_eq!(messages(&server.get(&token).await?), (200, vec!["first", "second"]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_too_long_is_given_up() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    let body = |pause: Duration| {
        stream::once(async move {
            sleep(pause).await;
            Ok(Bytes::from("slow"))
        })
    };
    let almost = Duration::from_millis(9_999);
    let in_time = server.request(Method::POST, &token, body(almost).boxed()).await;
    assert_eq!(read(in_time).await?.status, 200);
    let start = Instant::now();
    let too_late = server.request(Method::POST, &token, body(60 * SECOND).boxed()).await;
    assert_eq!((too_late.status(), start.elapsed()), (StatusCode::REQUEST_TIMEOUT, 10 * SECOND));
    assert_eq!(messages(&server.get(&token).await?), (200, vec!["slow"]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_leave_gives_its_messages_back_in_their_place() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    assert_eq!(server.post(&token, "first").await?, 200);
    let answer = server.request(Method::GET, &token, stream::empty()).await;
    let unsent = answer.extensions().get().and_then(Receipt::take);
    assert_eq!(messages(&read(answer).await?), (200, vec!["first"]));
    assert_eq!(server.post(&token, "second").await?, 200);
    let start = Instant::now();
    let (next, ()) = tokio::join!(server.get(&token), async {
        sleep(3 * SECOND).await;
        drop(unsent);
    });
    assert_eq!(messages(&next?), (200, vec!["first", "second"]));
    assert_eq!(start.elapsed(), 3 * SECOND, "nothing is sent before what comes first");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_still_reads_an_answer_lives() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    assert_eq!(server.post(&token, "large").await?, 200);
    let answer = server.request(Method::GET, &token, stream::empty()).await;
    let unsent = answer.extensions().get().and_then(Receipt::take);
    sleep(60 * SECOND).await;
    assert!(server.is_alive(&token).await?);
    drop(unsent);
    sleep(31 * SECOND).await;
    assert!(!server.is_alive(&token).await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_leaves_is_not_sent_again() -> TestResult {
    let server = Server::start(|_, _| ())?;
    let token = server.begin().await?;
    assert_eq!(server.post(&token, "once").await?, 200);
    // Another server than ours does not look for a receipt.
    let answer = server.get(&token).await?;
    assert_eq!(messages(&answer), (200, vec!["once"]));
    assert_eq!(server.get(&token).await?.status, 204);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_fetch_is_listened_to_no_further_than_to_a_quarter_of_its_outbox() -> TestResult
{
    let server = Server::start(|options, _| options.limits.outbox_bytes = 1000)?;
    let token = server.begin().await?;
    let hundred = "x".repeat(100).leak();
    assert_eq!(server.post(&token, hundred).await?, 200);
    assert_eq!(
        server.post(&token, hundred).await?,
        200,
        "it is taken, whatever its answer makes of the outbox"
    );
    assert_eq!(server.post(&token, hundred).await?, 408);
    assert_eq!(server.get(&token).await?.messages.len(), 2);
    assert_eq!(server.post(&token, hundred).await?, 200);
    Ok(())
}

#[tokio::test]
async fn there_are_as_many_sessions_as_there_may_be() -> TestResult {
    let server = Server::start(|_, longpoll| longpoll.max_sessions = 2)?;
    let first = server.begin().await?;
    server.begin().await?;
    let third = server.request(Method::GET, "", stream::empty()).await;
    assert_eq!(third.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.post(&first, "stop").await?, 408);
    // Its place is free as soon as its task has ended.
    while server.0.connections() == 2 {
        tokio::task::yield_now().await;
    }
    server.begin().await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_token_names_its_session_for_two_weeks() -> TestResult {
    let server = Server::start(|_, longpoll| longpoll.window = Duration::from_hours(15 * 24))?;
    let token = server.begin().await?;
    sleep(Duration::from_hours(14 * 24)).await;
    assert!(server.is_alive(&token).await?);
    sleep(Duration::from_millis(1)).await;
    assert!(!server.is_alive(&token).await?);
    assert_eq!(server.get(&token).await?.status, 410);
    Ok(())
}
