//! Protocol §2.5: which pages may connect. Every row of a list is in the unit tests beside `origin.rs`.

use crate::support::app::TestSocket;
use crate::support::http::{PATH, request, send, upgrade};
use crate::support::{TestResult, TestServer};
use phx_runtime::{CheckOrigin, Endpoint, EndpointProblem};

async fn start(check: CheckOrigin) -> Result<TestServer, Box<dyn std::error::Error>> {
    Ok(TestServer::start_with_options(|options| options.check_origin = Some(check)).await?)
}

async fn statuses(server: &TestServer, origins: &[(&str, u16)]) -> TestResult {
    for (origin, status) in origins {
        let answer = upgrade(server, PATH, &format!("origin: {origin}\r\n")).await?;
        assert_eq!((answer.status, answer.body.as_str()), (*status, ""), "{origin:?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_an_origin_header_every_policy_accepts() -> TestResult {
    for check in [
        CheckOrigin::any(),
        CheckOrigin::host(),
        CheckOrigin::list(["https://x.com"]),
        CheckOrigin::same_as_request(),
        CheckOrigin::with(|_| false),
    ] {
        let server = start(check.clone()).await?;
        assert_eq!(upgrade(&server, PATH, "").await?.status, 101, "{check:?}");
    }
    Ok(())
}

#[tokio::test]
async fn any_accepts_every_page() -> TestResult {
    let server = start(CheckOrigin::any()).await?;
    statuses(&server, &[("https://evil.example", 101), ("null", 101), ("", 101)]).await
}

#[tokio::test]
async fn the_default_is_the_url_host_which_is_localhost_by_default() -> TestResult {
    let server = TestServer::start().await?;
    let origins = [
        ("http://localhost", 101),
        ("https://localhost:8443", 101),
        ("http://127.0.0.1", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("localhost", 403),
        ("file://", 403),
    ];
    statuses(&server, &origins).await
}

#[tokio::test]
async fn the_url_host_can_be_set_or_be_none() -> TestResult {
    let endpoint = Endpoint::builder().url_host("example.com").socket::<TestSocket>("/socket");
    let server = TestServer::build(endpoint).await?;
    statuses(&server, &[("https://example.com:444", 101), ("http://localhost", 403)]).await?;

    let endpoint = Endpoint::builder().url_host(None).socket::<TestSocket>("/socket");
    let server = TestServer::build(endpoint).await?;
    statuses(&server, &[("https://anything.example", 101), ("null", 403), ("file://", 403)]).await
}

#[tokio::test]
async fn a_list_matches_on_scheme_port_and_host() -> TestResult {
    let server = start(CheckOrigin::list(["https://x.com", "//*.y.com", "//z.com:81"])).await?;
    let origins = [
        ("https://x.com", 101),
        ("https://x.com:444", 403),
        ("http://x.com", 403),
        ("http://y.com", 101),
        ("https://a.b.y.com:8443", 101),
        ("http://evily.com", 403),
        ("http://z.com:81", 101),
        ("http://z.com", 403),
        ("null", 403),
        ("file://", 403),
    ];
    statuses(&server, &origins).await
}

#[tokio::test]
async fn hosts_are_case_sensitive_and_schemes_are_not() -> TestResult {
    let server = start(CheckOrigin::list(["https://x.com"])).await?;
    statuses(&server, &[("HTTPS://x.com", 101), ("https://X.com", 403)]).await
}

#[tokio::test]
async fn same_as_request_is_the_host_header_and_the_servers_scheme() -> TestResult {
    let server = start(CheckOrigin::same_as_request()).await?;
    let origins = [
        ("http://localhost", 101),
        ("http://localhost:80", 101),
        ("https://localhost", 403),
        ("http://localhost:4000", 403),
        ("http://127.0.0.1", 403),
        ("null", 403),
    ];
    statuses(&server, &origins).await?;
    for (host, status) in
        [("127.0.0.1:4000", 101), ("127.0.0.1", 403), ("[::1]:4000", 403), ("not a host", 403)]
    {
        let headers = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: http://127.0.0.1:4000\r\n";
        let request = format!("GET {PATH} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n");
        assert_eq!(send(server.addr, request.as_bytes()).await?.status, status, "{host}");
    }
    Ok(())
}

#[tokio::test]
async fn a_function_decides_also_about_origins_without_a_host() -> TestResult {
    let check = CheckOrigin::with(|origin| match origin.as_str() {
        "null" => true,
        "panic" => panic!("asked to panic in check_origin"),
        _ => origin.host() == Some("x.com"),
    });
    let server = start(check).await?;
    let origins = [("null", 101), ("http://x.com", 101), ("http://y.com", 403), ("", 403), ("panic", 500)];
    statuses(&server, &origins).await
}

#[tokio::test]
async fn only_the_first_origin_header_is_looked_at() -> TestResult {
    let server = TestServer::start().await?;
    let (ours, foreign) = ("origin: http://localhost\r\n", "origin: https://evil.example\r\n");
    assert_eq!(upgrade(&server, PATH, &format!("{ours}{foreign}")).await?.status, 101);
    assert_eq!(upgrade(&server, PATH, &format!("{foreign}{ours}")).await?.status, 403);
    Ok(())
}

#[tokio::test]
async fn an_origin_of_any_bytes_does_no_harm() -> TestResult {
    let server = TestServer::start().await?;
    let long = vec![b'a'; 20_000];
    for origin in [&b"\xff\xfe"[..], b"http://localhost\xff", b"://", b"http://[", &long] {
        let mut request = format!("GET {PATH} HTTP/1.1\r\nhost: localhost\r\norigin: ").into_bytes();
        request.extend_from_slice(origin);
        request.extend_from_slice(b"\r\n\r\n");
        send(server.addr, &request).await?.assert_empty(403, &String::from_utf8_lossy(origin));
    }
    Ok(())
}

#[tokio::test]
async fn a_mounts_own_policy_replaces_that_of_the_endpoint() -> TestResult {
    let endpoint = Endpoint::builder()
        .check_origin(CheckOrigin::list(["//x.com"]))
        .socket::<TestSocket>("/common")
        .socket_with::<TestSocket>("/own", |options| {
            options.check_origin = Some(CheckOrigin::list(["//y.com"]));
        });
    let server = TestServer::build(endpoint).await?;
    for (path, origin, status) in
        [("/common", "x.com", 101), ("/common", "y.com", 403), ("/own", "x.com", 403), ("/own", "y.com", 101)]
    {
        let path = format!("{path}/websocket?vsn=2.0.0");
        let answer = upgrade(&server, &path, &format!("origin: http://{origin}\r\n")).await?;
        assert_eq!(answer.status, status, "{path} {origin}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_has_no_body_and_needs_no_upgrade_headers() -> TestResult {
    let server = TestServer::start().await?;
    let answer = request(&server, "GET", PATH, "origin: https://evil.example\r\n").await?;
    answer.assert_empty(403, "origin");
    Ok(())
}

#[test]
fn entries_without_a_host_are_problems_of_the_endpoint() {
    let result = Endpoint::builder()
        .check_origin(CheckOrigin::list(["x.com", "//fine.com"]))
        .url_host("https://example.com")
        .socket_with::<TestSocket>("/socket", |options| {
            options.check_origin = Some(CheckOrigin::list(["file://"]));
        })
        .build();
    let expected = [
        EndpointProblem::InvalidOrigin("x.com".into()),
        EndpointProblem::InvalidUrlHost("https://example.com".into()),
        EndpointProblem::InvalidOrigin("file://".into()),
    ];
    assert_eq!(result.err().map(|error| error.problems().to_vec()), Some(expected.to_vec()));
}

#[test]
fn a_url_host_is_a_name_or_an_address_alone() {
    for host in ["example.com", "localhost", "10.0.0.7", "::1", "xn--bcher-kva.example"] {
        assert!(Endpoint::builder().url_host(host).build().is_ok(), "{host}");
    }
    for host in
        ["", "example.com:4000", "//example.com", "*.example.com", "user@example.com", "a b", "example.com/"]
    {
        assert!(Endpoint::builder().url_host(host).build().is_err(), "{host}");
    }
}
