//! §9.2: what browsers ask before a page of elsewhere may send a header of its own.

use super::{PATH, start};
use crate::support::TestResult;
use crate::support::http::request;
use phx_runtime::CheckOrigin;

#[tokio::test]
async fn options_allow_what_is_asked_for() -> TestResult {
    let server = start(|_, _| ()).await?;
    let asks = "origin: http://localhost:3000\r\naccess-control-request-method: GET\r\n\
                access-control-request-headers: content-type,x-phoenix-authtoken\r\n";
    let answer = request(&server, "OPTIONS", PATH, asks).await?;
    answer.assert_empty(200, "a page of ours");
    for (name, value) in [
        ("access-control-allow-headers", "content-type,x-phoenix-authtoken"),
        ("access-control-allow-methods", "get, post, options"),
        ("access-control-max-age", "3600"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    Ok(())
}

#[tokio::test]
async fn several_headers_of_names_are_one_in_the_answer() -> TestResult {
    let server = start(|_, _| ()).await?;
    let asks = "access-control-request-headers: a\r\naccess-control-request-headers: b, c\r\n";
    let answer = request(&server, "OPTIONS", PATH, asks).await?;
    assert_eq!(answer.header("access-control-allow-headers"), Some("a, b, c"));
    let answer = request(&server, "OPTIONS", PATH, "").await?;
    assert_eq!(answer.header("access-control-allow-headers"), Some(""));
    Ok(())
}

#[tokio::test]
async fn a_page_of_elsewhere_is_refused_with_every_method_in_the_body() -> TestResult {
    let server = crate::support::TestServer::start_with_options(|options| {
        options.longpoll = Some(<_>::default());
        options.check_origin = Some(CheckOrigin::list(["https://example.com"]));
    })
    .await?;
    for method in ["GET", "POST", "OPTIONS", "PUT"] {
        let answer = request(&server, method, PATH, "origin: https://evil.example\r\n").await?;
        assert_eq!((answer.status, &*answer.body), (200, r#"{"status":403}"#), "{method}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
    let answer = request(&server, "GET", PATH, "origin: https://example.com\r\n").await?;
    assert_eq!(super::status(&answer)?, 410);
    Ok(())
}
