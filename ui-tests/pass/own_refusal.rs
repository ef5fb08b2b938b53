//! A socket may make an answer of its own of a refusal.

use phx_runtime::prelude::*;
use warp::http::StatusCode;
use warp::reply::{Reply as _, Response};

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Err(Refused::new("too many"))
    }

    fn id(&self) -> Option<String> {
        None
    }

    fn refused(refused: &Refused) -> Response {
        match refused.reason() {
            "too many" => StatusCode::TOO_MANY_REQUESTS.into_response(),
            _ => StatusCode::FORBIDDEN.into_response(),
        }
    }
}

struct DefaultSocket;

#[socket]
impl Socket for DefaultSocket {
    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

fn main() {
    assert_eq!(UserSocket::refused(&Refused::new("too many")).status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(DefaultSocket::refused(&Refused::new("too many")).status(), StatusCode::FORBIDDEN);
}
