//! Protocol §2.2, step 9: what the user's `connect` can make of a request.

use crate::support::http::{PATH, request, upgrade};
use crate::support::{TestResult, TestServer};
use phx_runtime::Endpoint;
use phx_runtime::prelude::*;
use serde::Deserialize;
use warp::http::{StatusCode, header};
use warp::reply::{Reply as _, Response, with_header, with_status};

/// Does as it is asked.
struct Obedient {
    id: String,
}

#[derive(Deserialize)]
struct Params {
    outcome: Outcome,
}

enum Outcome {
    Fine,
    PanicInId,
    Refused(String),
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)?.as_str() {
            "fine" => Self::Fine,
            "panic in params" => panic!("asked to panic in Params"),
            "panic in id" => Self::PanicInId,
            other => Self::Refused(other.to_owned()),
        })
    }
}

#[socket]
impl Socket for Obedient {
    type Params = Params;

    async fn connect(params: Params, _: &ConnectInfo) -> Result<Self, Refused> {
        match params.outcome {
            Outcome::Fine => Ok(Self { id: "user".to_owned() }),
            Outcome::PanicInId => Ok(Self { id: String::new() }),
            Outcome::Refused(reason) => Err(Refused::new(reason)),
        }
    }

    fn id(&self) -> Option<String> {
        assert!(!self.id.is_empty(), "asked to panic in id");
        Some(self.id.clone())
    }

    fn refused(refused: &Refused) -> Response {
        match refused.reason() {
            "too many" => {
                let answer = with_status("try again later", StatusCode::TOO_MANY_REQUESTS);
                with_header(answer, header::RETRY_AFTER, 30).into_response()
            }
            "panic in refused" => panic!("asked to panic in refused"),
            _ => StatusCode::FORBIDDEN.into_response(),
        }
    }
}

async fn start() -> Result<TestServer, Box<dyn std::error::Error>> {
    Ok(TestServer::build(Endpoint::builder().socket::<Obedient>("/socket")).await?)
}

#[tokio::test]
async fn a_refusal_is_403_without_a_body_by_default() -> TestResult {
    let server = TestServer::start().await?;
    upgrade(&server, &format!("{PATH}&refuse=yes"), "").await?.assert_empty(403, "refused");
    Ok(())
}

#[tokio::test]
async fn a_socket_can_answer_a_refusal_itself() -> TestResult {
    let server = start().await?;
    let answer = upgrade(&server, &format!("{PATH}&outcome=too%20many"), "").await?;
    assert_eq!((answer.status, answer.body.as_str()), (429, "try again later"));
    assert_eq!(answer.header("retry-after"), Some("30"));
    upgrade(&server, &format!("{PATH}&outcome=other"), "").await?.assert_empty(403, "other");
    Ok(())
}

#[tokio::test]
async fn a_panic_of_the_user_anywhere_is_500_and_the_next_request_is_served() -> TestResult {
    let server = start().await?;
    for outcome in ["panic%20in%20params", "panic%20in%20id", "panic%20in%20refused"] {
        let answer = request(&server, "GET", &format!("{PATH}&outcome={outcome}"), "").await?;
        answer.assert_empty(500, outcome);
    }
    assert_eq!(upgrade(&server, &format!("{PATH}&outcome=fine"), "").await?.status, 101);
    let server = TestServer::start().await?;
    upgrade(&server, &format!("{PATH}&refuse=panic"), "").await?.assert_empty(500, "connect");
    Ok(())
}
