//! Protocol §2.1: where a socket is, and what the named segments of its path are for.

use super::probe::{Probe, assert_params, start};
use crate::support::app::TestSocket;
use crate::support::http::{request, upgrade};
use crate::support::{TestResult, TestServer};
use phx_runtime::{Endpoint, EndpointProblem};
use serde_json::json;

#[tokio::test]
async fn other_paths_are_not_found_and_segments_match_whole() -> TestResult {
    let server = TestServer::start().await?;
    for path in
        ["/", "/socket", "/socket/", "/socket/websocketx", "/socket/websocket/x", "/xsocket/websocket"]
    {
        let answer = upgrade(&server, &format!("{path}?vsn=2.0.0"), "").await?;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    assert_eq!(upgrade(&server, "//socket/websocket/?vsn=2.0.0", "").await?.status, 101);
    Ok(())
}

#[tokio::test]
async fn the_path_of_the_transport_can_be_chosen() -> TestResult {
    for websocket_path in ["nested/ws", "/nested/ws/"] {
        let server =
            TestServer::start_with_options(|options| options.websocket_path = websocket_path.into()).await?;
        assert_eq!(upgrade(&server, "/socket/nested/ws?vsn=2.0.0", "").await?.status, 101);
        assert_eq!(upgrade(&server, "/socket/websocket?vsn=2.0.0", "").await?.status, 404);
    }
    let server = TestServer::start_with_options(|options| options.websocket_path = String::new()).await?;
    assert_eq!(upgrade(&server, "/socket?vsn=2.0.0", "").await?.status, 101);
    Ok(())
}

#[tokio::test]
async fn named_segments_of_both_parts_are_parameters_and_win_over_the_query() -> TestResult {
    let server = start("/socket/{tenant}", |options| options.websocket_path = "{room}/ws".into()).await?;
    let expected = json!({"tenant": "acme", "room": "1", "vsn": "2.0.0", "a": "x"});
    assert_params(&server, "/socket/acme/1/ws?vsn=2.0.0&a=x", expected.clone()).await?;
    let query = "tenant=evil&room[a]=2&tenant[]=evil&vsn=2.0.0&a=x&room=3";
    assert_params(&server, &format!("/socket/acme/1/ws?{query}"), expected).await?;
    for path in ["/socket/acme/ws?vsn=2.0.0", "/socket//1/ws?vsn=2.0.0", "/socket/acme/1/2/ws?vsn=2.0.0"] {
        assert_eq!(request(&server, "GET", path, "").await?.status, 404, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn segments_are_percent_decoded_and_no_form() -> TestResult {
    let server = start("/socket/{tenant}", |_| ()).await?;
    for (segment, tenant) in
        [("a%2Fb", "a/b"), ("%C3%A9", "\u{e9}"), ("a+b", "a+b"), ("%zz", "%zz"), ("%26a%3D", "&a=")]
    {
        let params = json!({"tenant": tenant, "vsn": "2.0.0"});
        assert_params(&server, &format!("/socket/{segment}/websocket?vsn=2.0.0"), params).await?;
    }
    let answer = request(&server, "GET", "/socket/%ff/websocket?vsn=2.0.0", "").await?;
    answer.assert_empty(400, "not UTF-8");
    Ok(())
}

#[tokio::test]
async fn a_name_with_an_underscore_in_front_is_no_parameter() -> TestResult {
    let server = start("/socket/{_any}/{room}", |_| ()).await?;
    let params = json!({"room": "1", "vsn": "2.0.0", "_any": "query"});
    assert_params(&server, "/socket/x/1/websocket?vsn=2.0.0&_any=query", params).await
}

#[tokio::test]
async fn a_segment_named_vsn_is_the_version() -> TestResult {
    let server = start("/socket/{vsn}", |_| ()).await?;
    assert_params(&server, "/socket/2.0.1/websocket?vsn=9.0.0", json!({"vsn": "2.0.1"})).await?;
    request(&server, "GET", "/socket/9.0.0/websocket?vsn=2.0.0", "").await?.assert_empty(403, "version 9");
    Ok(())
}

#[tokio::test]
async fn of_several_mounts_that_match_the_last_declared_wins() -> TestResult {
    let general_last = Endpoint::builder().socket::<TestSocket>("/a/b").socket::<Probe>("/a/{x}");
    let server = TestServer::build(general_last).await?;
    assert_eq!(request(&server, "GET", "/a/b/websocket?vsn=2.0.0", "").await?.status, 418);

    let general_first = Endpoint::builder().socket::<Probe>("/a/{x}").socket::<TestSocket>("/a/b");
    let server = TestServer::build(general_first).await?;
    assert_eq!(request(&server, "GET", "/a/b/websocket?vsn=2.0.0", "").await?.status, 400);
    assert_eq!(request(&server, "GET", "/a/c/websocket?vsn=2.0.0", "").await?.status, 418);
    Ok(())
}

#[test]
fn malformed_patterns_are_problems_of_the_endpoint() {
    let result = Endpoint::builder()
        .socket::<TestSocket>("a/{y}/")
        .socket::<TestSocket>("/b/{")
        .socket_with::<TestSocket>("/c/x{id}", |options| options.websocket_path = "{}".into())
        .socket_with::<TestSocket>("/d/{id}", |options| options.websocket_path = "{id}/ws".into())
        .build();
    let expected = [
        EndpointProblem::InvalidPath("a/{y}/".into()),
        EndpointProblem::InvalidPath("/b/{".into()),
        EndpointProblem::InvalidPath("/c/x{id}".into()),
        EndpointProblem::InvalidWebSocketPath("{}".into()),
        EndpointProblem::RepeatedName { path: "/d/{id}/{id}/ws".into(), name: "id".into() },
    ];
    assert_eq!(result.err().map(|error| error.problems().to_vec()), Some(expected.to_vec()));
}

#[test]
fn patterns_are_equal_whatever_their_segments_are_named() {
    let result = Endpoint::builder()
        .socket::<TestSocket>("/a/{x}")
        .socket::<TestSocket>("/a/{y}/")
        .socket_with::<Probe>("/a", |options| options.websocket_path = "{z}/websocket".into())
        .socket_with::<TestSocket>("/a/{x}", |options| options.websocket_path = "other".into())
        .build();
    let Err(error) = result else { panic!("expected problems") };
    let [
        EndpointProblem::MountedTwice { path: twice, .. },
        EndpointProblem::PathTaken { path: taken, first, second },
    ] = error.problems()
    else {
        panic!("{error}")
    };
    assert_eq!([twice, taken], ["/a/{y}/", "/a"]);
    assert!(first.type_name().ends_with("::TestSocket") && second.type_name().ends_with("::Probe"));
}
