//! Protocol §12: the session of a user of the site's pages, in a cookie that Plug has made. The cookies here were made
//! by another implementation, with the secret `abcdefgh` eight times.

use crate::support::http::request;
use crate::support::log::Log;
use crate::support::{TestResult, TestServer, with_longpoll};
use phx_runtime::prelude::*;
use phx_runtime::{CheckOrigin, Endpoint, EndpointProblem, MountOptions, SessionCookie};
use serde_json::Value;
use tracing::Level;
use warp::http::StatusCode;
use warp::reply::{Reply as _, Response, with_status};

/// `%{"_csrf_token" => "Dk3n-f0Yq8_mT2vXbLr7sW1z", "user_id" => 7}`, with the salt `signing salt`.
const SIGNED: &str = "SFMyNTY.g3QAAAACbQAAAAtfY3NyZl90b2tlbm0AAAAYRGszbi1mMFlxOF9tVDJ2WGJMcjdzVzF6bQAAAAd1c2VyX2lkYQc.\
                      xJb03f9pOdBMUB33P5LormT1lt3pWH88zi1mRL_-ekM";

/// The same, encrypted with the salt `encryption salt`.
const ENCRYPTED: &str = "XCP.8j1Kf8k8Lz8gfoN02ZMiiSgS3ZmOgxKojkQJ0Yyxbkv6MFWohJpzQbknm_UUWNgYf6HAF8GsP8gN-W8sJgj1yb-\
                         pOovUvlVYlWXefF8zKmcTuP8IAXNhn1Lu9Xca2uolFvtkha84CkNz";

/// With `my_csrf` in the place of `_csrf_token`.
const OTHER_KEY: &str = "SFMyNTY.g3QAAAACbQAAAAdteV9jc3JmbQAAABhEazNuLWYwWXE4X21UMnZYYkxyN3NXMXptAAAAB3VzZXJfaWRhBw.\
                         fhdjvhA-8tmhAydh0rLinhSg5DxLnmSMHIpTdUnih3M";

/// `%{"user_id" => 7}`.
const WITHOUT_CSRF: &str = "SFMyNTY.g3QAAAABbQAAAAd1c2VyX2lkYQc.BszSPokijIzceKhp3paJxYgzD7LPBX-FsLu5UzQvxm4";

/// Signed, and yet no term.
const NO_TERM: &str = "SFMyNTY.gw.-_-ncwsG446zVL_-wOK9LmWktGgC7UhqnbZnGHTr2mQ";

/// What `get_csrf_token()` puts into a page of this session.
const CSRF: &str = "JQlQCkgAVzEYUjQBOVwZKBM-AUMGIUYCabcdefghijklmnopqrstuvwx";

/// And into one of another session.
const OTHER_CSRF: &str = "ICMiJSQnJikoKyotLC8uMTAzMjU0NzY5abcdefghijklmnopqrstuvwx";

const SESSION: &str = r#"{"_csrf_token":"Dk3n-f0Yq8_mT2vXbLr7sW1z","user_id":7}"#;

/// Lets those in whose session is what the header `x-session` says, and tells the others what it is.
struct SessionSocket;

#[socket]
impl Socket for SessionSocket {
    async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
        let session = match info.session::<Value>() {
            Ok(Some(session)) => session.to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        };
        let expected = info.x_headers().find(|(name, _)| *name == "x-session").map(|(_, value)| value);
        if expected.as_deref() == Some(&*session) { Ok(Self) } else { Err(Refused::new(session)) }
    }

    fn refused(refused: &Refused) -> Response {
        with_status(refused.reason().to_owned(), StatusCode::IM_A_TEAPOT).into_response()
    }
}

fn builder(
    secret: &str,
    cookie: SessionCookie,
    options: impl FnOnce(&mut MountOptions),
) -> phx_runtime::EndpointBuilder {
    Endpoint::builder().secret_key_base(secret.repeat(8)).socket_with::<SessionSocket>("/socket", |mount| {
        with_longpoll(mount);
        mount.session = Some(cookie);
        options(mount);
    })
}

async fn start(configure: impl FnOnce(&mut SessionCookie)) -> Result<TestServer, phx_runtime::ServeError> {
    let mut cookie = SessionCookie::new("_my_app_key", "signing salt");
    configure(&mut cookie);
    TestServer::build(builder("abcdefgh", cookie, |_| ())).await
}

/// What `connect` finds, over both transports.
async fn assert_session(server: &TestServer, cookie: &str, query: &str, expected: &str) -> TestResult {
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    let headers = format!("{cookie}x-session: {expected}\r\n");
    let path = |transport| format!("/socket/{transport}?vsn=2.0.0{query}");
    let upgrade = format!("{}{headers}", crate::support::http::UPGRADE);
    let answer = request(server, "GET", &path("websocket"), &upgrade).await?;
    assert_eq!(answer.status, 101, "{cookie:?}, {query}: {answer:?}, expected {expected}");
    let answer = request(server, "GET", &path("longpoll"), &headers).await?;
    assert!(answer.body.contains(r#""status":410"#), "{cookie:?}, {query}: {answer:?}, expected {expected}");
    Ok(())
}

fn in_cookie(value: &str) -> String {
    format!("_my_app_key={value}")
}

fn with_token(token: &str) -> String {
    format!("&_csrf_token={token}")
}

#[tokio::test]
async fn a_page_with_its_csrf_token_has_the_session() -> TestResult {
    let server = start(|_| ()).await?;
    assert_session(&server, &in_cookie(SIGNED), &with_token(CSRF), SESSION).await?;
    for cookies in
        [format!("a=b; _my_app_key={SIGNED}; c=d"), format!("_my_app_key={SIGNED};_my_app_key=other")]
    {
        assert_session(&server, &cookies, &with_token(CSRF), SESSION).await?;
    }
    // Of one name the last counts, as ever.
    assert_session(&server, &in_cookie(SIGNED), &format!("{}{}", with_token("x"), with_token(CSRF)), SESSION)
        .await
}

#[tokio::test]
async fn without_the_right_csrf_token_there_is_none_and_the_client_is_not_refused() -> TestResult {
    let server = start(|_| ()).await?;
    let (changed, longer) = (CSRF.replacen('J', "K", 1), format!("{CSRF}A"));
    for token in ["", OTHER_CSRF, &CSRF[1..], &changed, &longer, "Dk3n-f0Yq8_mT2vXbLr7sW1z"] {
        assert_session(&server, &in_cookie(SIGNED), &with_token(token), "none").await?;
    }
    let query = format!("&_csrf_token[]={CSRF}");
    assert_session(&server, &in_cookie(SIGNED), &query, "none").await?;
    assert_session(&server, &in_cookie(SIGNED), "", "none").await?;
    let query = format!("&csrf_token={CSRF}");
    assert_session(&server, &in_cookie(SIGNED), &query, "none").await?;
    assert_session(&server, &in_cookie(WITHOUT_CSRF), &with_token(CSRF), "none").await
}

#[tokio::test]
async fn without_the_cookie_there_is_none() -> TestResult {
    let server = start(|_| ()).await?;
    for cookie in ["", "other=1", "_my_app_key", &format!("_MY_APP_KEY={SIGNED}")] {
        assert_session(&server, cookie, &with_token(CSRF), "none").await?;
    }
    Ok(())
}

/// As Plug reads cookies: byte by byte, and a `;` ends every one.
#[tokio::test]
async fn no_other_cookie_of_the_site_hides_it() -> TestResult {
    let server = start(|_| ()).await?;
    let ours = in_cookie(SIGNED);
    for cookies in [
        format!("name=José; {ours}"),
        format!(r#"a=5"; {ours}"#),
        format!(r#"a="b; {ours}; c=d""#),
        format!("a; =; =b;; {ours}"),
        format!("_my_app_key =x; {ours}"),
        format!("_my_app_key; x_my_app_key=x; _my_app_key=a\tb;\t{ours}  ;_my_app_key=x"),
        // Several headers.
        format!("a=5\"\r\ncookie: b=ü\r\ncookie: {ours}"),
        format!("{ours}\r\ncookie: _my_app_key=x"),
    ] {
        assert_session(&server, &cookies, &with_token(CSRF), SESSION).await?;
    }
    for cookies in [
        format!("_my_app_key={SIGNED}; {ours}").replacen("YQc", "YQg", 1),
        format!("_my_app_key=x\r\ncookie: {ours}"),
        format!(r#"_my_app_key="{SIGNED}""#),
        format!("_my_app_key= {SIGNED}"),
        format!("_my_app_key =x; _my_app_key ={SIGNED}"),
        format!("_my_app_key=José; {ours}"),
    ] {
        assert_session(&server, &cookies, &with_token(CSRF), "none").await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_log_says_why_there_is_none_and_not_what_was_sent() -> TestResult {
    let server = start(|_| ()).await?;
    let changed = SIGNED.replacen("YQc", "YQg", 1);
    for (cookies, query, why) in [
        ("a=b".to_owned(), with_token(CSRF), "there is no such cookie"),
        (in_cookie(&changed), with_token(CSRF), "the cookie was not made with this secret and salt"),
        (in_cookie(SIGNED), with_token(OTHER_CSRF), "the page does not have the CSRF token of the session"),
    ] {
        let log = Log::default();
        let _guard = log.start();
        assert_session(&server, &cookies, &query, "none").await?;
        let lines = log.lines(Level::DEBUG);
        let told = lines.iter().filter(|line| line.contains("no session") && line.contains(why));
        assert_eq!(told.count(), 2, "{why} is not told over each transport: {lines:?}");
        for secret in ["a=b", "SFMyNTY", "YQg", "Dk3n", CSRF, OTHER_CSRF] {
            assert!(!lines.iter().any(|line| line.contains(secret)), "{secret}: {lines:?}");
        }
    }
    let log = Log::default();
    let _guard = log.start();
    assert_session(&server, &in_cookie(SIGNED), &with_token(CSRF), SESSION).await?;
    assert!(!log.lines(Level::DEBUG).iter().any(|line| line.contains("no session")));
    Ok(())
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_is_none() -> TestResult {
    let server = start(|_| ()).await?;
    // For the user 8.
    let (cut, changed) = (&SIGNED[..SIGNED.len() - 1], SIGNED.replacen("YQc", "YQg", 1));
    assert_ne!(changed, SIGNED);
    for cookie in [cut, &changed, "", "x", ENCRYPTED, OTHER_KEY] {
        assert_session(&server, &in_cookie(cookie), &with_token(CSRF), "none").await?;
    }
    let cookie = SessionCookie::new("_my_app_key", "signing salt");
    let other_secret = TestServer::build(builder("abcdefgi", cookie, |_| ())).await?;
    assert_session(&other_secret, &in_cookie(SIGNED), &with_token(CSRF), "none").await?;
    let other_salt = start(|cookie| cookie.signing_salt = "another salt".to_owned()).await?;
    assert_session(&other_salt, &in_cookie(SIGNED), &with_token(CSRF), "none").await
}

#[tokio::test]
async fn an_encrypted_cookie_is_read_with_its_salt() -> TestResult {
    let server = start(|cookie| cookie.encryption_salt = Some("encryption salt".to_owned())).await?;
    assert_session(&server, &in_cookie(ENCRYPTED), &with_token(CSRF), SESSION).await?;
    assert_session(&server, &in_cookie(ENCRYPTED), "", "none").await?;
    let changed = ENCRYPTED.replacen("8j1K", "8j1L", 1);
    assert_session(&server, &in_cookie(&changed), &with_token(CSRF), "none").await?;
    assert_session(&server, &in_cookie(SIGNED), &with_token(CSRF), "none").await
}

#[tokio::test]
async fn the_session_may_keep_the_csrf_token_under_another_key() -> TestResult {
    let server = start(|cookie| cookie.csrf_token_key = "my_csrf".to_owned()).await?;
    let session = r#"{"my_csrf":"Dk3n-f0Yq8_mT2vXbLr7sW1z","user_id":7}"#;
    assert_session(&server, &in_cookie(OTHER_KEY), &with_token(CSRF), session).await?;
    // The parameter keeps its name.
    assert_session(&server, &in_cookie(OTHER_KEY), &format!("&my_csrf={CSRF}"), "none").await?;
    assert_session(&server, &in_cookie(SIGNED), &with_token(CSRF), "none").await
}

#[tokio::test]
async fn without_the_check_every_page_has_it_and_a_cookie_that_is_not_ours_is_empty() -> TestResult {
    let server = start(|cookie| cookie.check_csrf = false).await?;
    for query in ["", &with_token(OTHER_CSRF)] {
        assert_session(&server, &in_cookie(SIGNED), query, SESSION).await?;
        assert_session(&server, &in_cookie(WITHOUT_CSRF), query, r#"{"user_id":7}"#).await?;
        assert_session(&server, &in_cookie("x"), query, "{}").await?;
        assert_session(&server, "", query, "none").await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_signed_and_not_of_the_type_is_an_error() -> TestResult {
    let server = start(|cookie| cookie.check_csrf = false).await?;
    let error = "the data of the token does not fit: it ends too early";
    assert_session(&server, &in_cookie(NO_TERM), "", error).await
}

#[tokio::test]
async fn an_old_secret_reads_it_too() -> TestResult {
    let cookie = SessionCookie::new("_my_app_key", "signing salt");
    let builder = builder("ijklmnop", cookie, |_| ()).old_secret_key_base("abcdefgh".repeat(8));
    let server = TestServer::build(builder).await?;
    assert_session(&server, &in_cookie(SIGNED), &with_token(CSRF), SESSION).await
}

#[tokio::test]
async fn a_mount_that_names_no_cookie_has_none() -> TestResult {
    let server = TestServer::start_socket::<SessionSocket>(|_| ()).await?;
    assert_session(&server, &in_cookie(SIGNED), &with_token(CSRF), "none").await
}

fn problems(builder: phx_runtime::EndpointBuilder) -> Vec<EndpointProblem> {
    builder.build().err().map(|error| error.problems().to_vec()).unwrap_or_default()
}

#[test]
fn a_session_needs_a_secret_and_a_check_of_who_asks() {
    let cookie = || SessionCookie::new("_my_app_key", "signing salt");
    let unchecked = || {
        let mut cookie = cookie();
        cookie.check_csrf = false;
        cookie
    };
    let any = |mount: &mut MountOptions| mount.check_origin = Some(CheckOrigin::any());
    let path = || "/socket".to_owned();
    assert_eq!(problems(builder("abcdefgh", unchecked(), |_| ())), []);
    assert_eq!(problems(builder("abcdefgh", cookie(), any)), []);
    assert_eq!(problems(builder("abcdefgh", unchecked(), any)), [EndpointProblem::SessionForAnyPage(path())]);
    let for_all = builder("abcdefgh", unchecked(), |_| ()).check_origin(CheckOrigin::any());
    assert_eq!(problems(for_all), [EndpointProblem::SessionForAnyPage(path())]);

    // Long polling makes a secret up, with which no cookie is signed.
    let without_secret = Endpoint::builder().socket_with::<SessionSocket>("/socket", |mount| {
        with_longpoll(mount);
        mount.session = Some(unchecked());
        any(mount);
    });
    let both = [EndpointProblem::SessionWithoutSecret(path()), EndpointProblem::SessionForAnyPage(path())];
    assert_eq!(problems(without_secret), both);
}
