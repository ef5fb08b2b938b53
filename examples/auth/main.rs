//! Who may connect: a login signs a token, the socket lets nobody in without one, and an admin disconnects people and
//! locks them out. `cargo run --example auth`, and then, with the admin's token that it prints:
//!
//! ```text
//! $ curl http://127.0.0.1:4000/login --json '{"user": "ann", "password": "sesame"}'
//! {"token":"SFMyNTY.g2g…"}
//! $ curl -X POST http://127.0.0.1:4000/admin/disconnect/ann -H 'authorization: Bearer SFMyNTY.g2g…'
//! $ curl -X POST http://127.0.0.1:4000/admin/lock/ann -H 'authorization: Bearer SFMyNTY.g2g…'
//! ```
//!
//! phoenix.js brings the token of the login as its `authToken`, which keeps it out of the address:
//!
//! ```js
//! const socket = new Socket("ws://127.0.0.1:4000/socket", { authToken: token });
//! ```
//!
//! A Phoenix application with the same `SECRET_KEY_BASE` may do the login instead:
//! `Phoenix.Token.sign(conn, "user auth", "ann")`.

#[path = "../page/port.rs"]
mod port;
#[path = "../page/secret.rs"]
mod secret;
#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use phx_runtime::TokenError;
use phx_runtime::prelude::*;
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use warp::http::StatusCode;
use warp::reply::{Reply, Response, json};
use warp::{Filter, Rejection};

/// What tokens are for: those of one purpose are nothing to the other.
const USERS: &str = "user auth";
const ADMINS: &str = "admin";

/// After which one has to log in again.
const MAX_AGE: Duration = Duration::from_hours(12);

const MAX_NAME_CHARS: usize = 24;

/// More than a name and a password need.
const MAX_LOGIN_BYTES: u64 = 1024;

struct UserSocket {
    user: String,
    locked: Locked,
}

#[socket]
impl Socket for UserSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
        let user: String = info.token(USERS)?.max_age(MAX_AGE).verify(info.auth_token())?;
        // A token is good until it expires, whatever happens meanwhile. What must count at once is looked up.
        let locked = info.data::<Locked>().cloned().ok_or(Refused::new("nobody knows who is locked out"))?;
        locked.check(&user)?;
        Ok(Self { user, locked })
    }

    /// Names all connections of the user, for `Endpoint::disconnect`.
    fn id(&self) -> Option<String> {
        Some(connections_of(&self.user))
    }
}

fn connections_of(user: &str) -> String {
    format!("users:{user}")
}

struct Room;

#[channel(socket = UserSocket)]
impl Room {
    #[join("room:*")]
    fn join(ctx: &mut Joining<Self>) -> Result<(Self, String), Refused> {
        let UserSocket { user, locked } = ctx.socket();
        // Whoever was connecting while they were locked out may be connected all the same, but gets no further.
        locked.check(user)?;
        Ok((Self, format!("welcome, {user}")))
    }

    #[handle_in("shout")]
    fn shout(&mut self, message: Payload, ctx: &mut Context<Self>) {
        ctx.broadcast("shout", &message);
    }
}

/// Who may not connect, although they have a token.
#[derive(Clone, Default)]
struct Locked(Arc<Mutex<HashSet<String>>>);

impl Locked {
    fn check(&self, user: &str) -> Result<(), Refused> {
        let locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locked.contains(user) { Err(Refused::new("locked out")) } else { Ok(()) }
    }

    fn insert(&self, user: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(user);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let port = port::port()?;
    let locked = Locked::default();
    let endpoint = endpoint(secret::secret()?, &locked)?;
    let routes = endpoint.routes().or(login(&endpoint)).or(admin(&endpoint, &locked));
    let server = endpoint.bind(([127, 0, 0, 1], port)).await?;
    println!("the admin's token: {}", endpoint.token(ADMINS)?.sign("admin")?);
    println!("listening on http://{}", server.local_addr());
    server.run(routes).await;
    Ok(())
}

fn endpoint(secret: String, locked: &Locked) -> Result<Endpoint, EndpointError> {
    Endpoint::builder()
        .secret_key_base(secret)
        .socket_with::<UserSocket>("/socket", |options| {
            options.auth_token = true;
            options.connect_data(locked.clone());
        })
        .build()
}

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// `POST /login`: a token for who knows the password. A real one has a password for each user, and so knows who there is.
fn login(endpoint: &Endpoint) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let endpoint = endpoint.clone();
    warp::path!("login")
        .and(warp::post())
        .and(warp::body::content_length_limit(MAX_LOGIN_BYTES))
        .and(warp::body::json())
        .map(move |Login { user, password }| {
            if password != "sesame" {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            if !is_name(&user) {
                return StatusCode::UNPROCESSABLE_ENTITY.into_response();
            }
            match endpoint.token(USERS).and_then(|tokens| tokens.sign(&user)) {
                Ok(token) => json(&serde_json::json!({ "token": token })).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        })
}

fn is_name(user: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&user.chars().count()) && user.trim() == user
}

/// `POST /admin/disconnect/USER` closes all connections of a user, whose clients connect again by themselves.
/// `POST /admin/lock/USER` keeps them from that.
fn admin(
    endpoint: &Endpoint,
    locked: &Locked,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let (endpoint, locked) = (endpoint.clone(), locked.clone());
    warp::path!("admin" / String / String).and(warp::post()).and(warp::header::optional("authorization")).map(
        move |action: String, user: String, authorization: Option<String>| {
            if check_admin(&endpoint, authorization.as_deref()).is_err() {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            // warp gives a segment as it stands in the address, where `größe` is `gr%C3%B6%C3%9Fe`.
            let Ok(user) = percent_decode_str(&user).decode_utf8() else {
                return StatusCode::BAD_REQUEST.into_response();
            };
            match action.as_str() {
                "disconnect" => {}
                // First, so that nobody comes back in between.
                "lock" => locked.insert(user.to_string()),
                _ => return StatusCode::NOT_FOUND.into_response(),
            }
            endpoint.disconnect(connections_of(&user));
            StatusCode::NO_CONTENT.into_response()
        },
    )
}

fn check_admin(endpoint: &Endpoint, authorization: Option<&str>) -> Result<String, TokenError> {
    let token = authorization.and_then(|authorization| authorization.strip_prefix("Bearer "));
    endpoint.token(ADMINS)?.verify(token)
}
