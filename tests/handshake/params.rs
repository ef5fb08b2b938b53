//! Protocol §2.4, and the query of §2.2: what `connect` gets as its parameters.

use super::probe::{assert_params, start};
use crate::support::app::TestSocket;
use crate::support::http::{PATH, request, send, upgrade};
use crate::support::{TestResult, TestServer};
use phx_runtime::prelude::*;
use phx_runtime::{Endpoint, Limits};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use warp::http::StatusCode;
use warp::reply::{Reply as _, Response, with_status};

#[tokio::test]
async fn the_query_is_decoded_with_nested_names() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    for (query, params) in [
        ("", json!({})),
        ("a=1&b=x%20y+z", json!({"a": "1", "b": "x y z"})),
        ("a[b]=1", json!({"a": {"b": "1"}})),
        ("a[b][c]=1&a[d]=2", json!({"a": {"b": {"c": "1"}, "d": "2"}})),
        ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
        ("a%5Bb%5D=1", json!({"a": {"b": "1"}})),
        ("a%5bb%5d=1", json!({"a": {"b": "1"}})),
        ("a&b=", json!({"a": "", "b": ""})),
        ("&&a=1&", json!({"a": "1"})),
        ("%C3%A9=%E2%82%AC", json!({"\u{e9}": "\u{20ac}"})),
        ("a=b=c", json!({"a": "b=c"})),
        ("a=%5B1%5D", json!({"a": "[1]"})),
    ] {
        let mut expected = params;
        expected["vsn"] = json!("2.0.0");
        assert_params(&server, &format!("{PATH}&{query}"), expected).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_last_of_several_values_counts() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    assert_params(&server, &format!("{PATH}&a=1&a=2"), json!({"a": ["1", "2"], "vsn": "2.0.0"})).await?;
    let server = typed().await?;
    assert_eq!(typed_saw(&server, "name=1&name=2").await?, r#"{"age":null,"list":[],"map":{},"name":"2"}"#);
    Ok(())
}

#[tokio::test]
async fn connect_sees_vsn() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    assert_params(&server, "/socket/websocket?vsn=1.0.0&vsn=2.0.3", json!({"vsn": ["1.0.0", "2.0.3"]}))
        .await?;
    assert_params(&server, PATH, json!({"vsn": "2.0.0"})).await
}

/// With fields of every kind that phoenix.js can fill.
struct TypedSocket;

#[derive(Serialize, Deserialize)]
struct Typed {
    name: String,
    age: Option<u8>,
    #[serde(default)]
    list: Vec<u32>,
    #[serde(default)]
    map: BTreeMap<String, String>,
}

#[socket]
impl Socket for TypedSocket {
    type Params = Typed;

    async fn connect(params: Typed, _: &ConnectInfo) -> Result<Self, Refused> {
        Err(Refused::new(serde_json::json!(params).to_string()))
    }

    fn refused(refused: &Refused) -> Response {
        with_status(refused.reason().to_owned(), StatusCode::IM_A_TEAPOT).into_response()
    }
}

async fn typed() -> Result<TestServer, Box<dyn std::error::Error>> {
    Ok(TestServer::build(Endpoint::builder().socket::<TypedSocket>("/socket")).await?)
}

async fn typed_saw(server: &TestServer, query: &str) -> std::io::Result<String> {
    Ok(request(server, "GET", &format!("{PATH}&{query}"), "").await?.body)
}

#[tokio::test]
async fn what_phoenix_js_makes_of_an_array_is_a_list_or_a_map_with_the_indexes() -> TestResult {
    let server = typed().await?;
    let query = "name=a&list%5B0%5D=1&list%5B1%5D=2&map%5B0%5D=x&map%5B1%5D=y";
    let expected = r#"{"age":null,"list":[1,2],"map":{"0":"x","1":"y"},"name":"a"}"#;
    assert_eq!(typed_saw(&server, query).await?, expected);
    let many: Vec<_> = (0..12).map(|index| format!("&list[{index}]={index}")).collect();
    let many = many.concat();
    let expected = r#""list":[0,1,2,3,4,5,6,7,8,9,10,11]"#;
    assert!(typed_saw(&server, &format!("name=a{many}")).await?.contains(expected));
    Ok(())
}

#[tokio::test]
async fn values_are_text_that_serde_makes_numbers_of() -> TestResult {
    let server = typed().await?;
    let expected = r#"{"age":7,"list":[7],"map":{},"name":"7"}"#;
    assert_eq!(typed_saw(&server, "name=7&age=7&list[]=7").await?, expected);
    Ok(())
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_refused() -> TestResult {
    let server = typed().await?;
    for query in ["", "name[a]=1", "name=a&age=old", "name=a&age=256", "name=a&list[1]=1", "name=a&name[b]=1"]
    {
        let answer = request(&server, "GET", &format!("{PATH}&{query}"), "").await?;
        answer.assert_empty(403, query);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_utf_8_is_a_bad_request_and_a_broken_escape_stands_for_itself() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    for query in ["a=%ff", "%ff=a", "a=%C3", "a=+%ff", "a=%ED%A0%80"] {
        request(&server, "GET", &format!("{PATH}&{query}"), "").await?.assert_empty(400, query);
    }
    let params = json!({"a": "%zz", "b": "100%", "%z": "%f", "vsn": "2.0.0"});
    assert_params(&server, &format!("{PATH}&a=%zz&b=100%&%z=%f"), params).await
}

#[tokio::test]
async fn a_query_may_be_as_long_as_the_limit() -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_query_bytes = 100).await?;
    let query = |length| format!("{:x<length$}", "vsn=2.0.0&long=");
    let path = |length| format!("/socket/websocket?{}", query(length));
    assert_eq!(upgrade(&server, &path(100), "").await?.status, 101);
    upgrade(&server, &path(101), "").await?.assert_empty(414, "one byte more");

    let server = TestServer::start().await?;
    let limit = Limits::default().max_query_bytes;
    assert_eq!(upgrade(&server, &path(limit), "").await?.status, 101);
    upgrade(&server, &path(limit + 1), "").await?.assert_empty(414, "one byte more than the default");
    Ok(())
}

#[tokio::test]
async fn the_http_server_refuses_longer_request_lines_itself() -> TestResult {
    let server = TestServer::start_with(|limits| limits.max_query_bytes = usize::MAX).await?;
    let path = |length: usize| {
        let start = "/socket/websocket?vsn=2.0.0&long=";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    assert_eq!(upgrade(&server, &path(65_534), "").await?.status, 101);
    upgrade(&server, &path(65_535), "").await?.assert_empty(414, "one byte more");
    // More than its buffer takes.
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: localhost\r\n{}\r\n",
        path(1_000_100),
        crate::support::http::UPGRADE
    );
    send(server.addr, request.as_bytes()).await?.assert_empty(431, "a request line of 1 MB");
    Ok(())
}

#[tokio::test]
async fn names_may_be_nested_as_deep_as_the_limit() -> TestResult {
    let server = TestServer::start().await?;
    let path = |depth| format!("{PATH}&a{}=1", "%5Bb%5D".repeat(depth));
    assert_eq!(upgrade(&server, &path(32), "").await?.status, 101);
    upgrade(&server, &path(33), "").await?.assert_empty(400, "one bracket more");
    Ok(())
}

#[tokio::test]
async fn the_deepest_name_can_be_decoded() -> TestResult {
    let server = start("/socket", |_| ()).await?;
    let mut params = json!("1");
    for _ in 0..32 {
        params = json!({"b": params});
    }
    let path = format!("{PATH}&a{}=1", "[b]".repeat(32));
    assert_params(&server, &path, json!({"a": params, "vsn": "2.0.0"})).await
}

#[tokio::test]
async fn queries_of_any_shape_do_no_harm() -> TestResult {
    let server = TestServer::build(Endpoint::builder().socket::<TestSocket>("/socket")).await?;
    let deep = format!("a{}=1", "%5Bb%5D".repeat(1000));
    for query in [
        "a[=1",
        "]=1",
        "a[b]=1&a=2",
        "a=1&a[b]=2",
        "a[]=1&a[b]=2",
        "a[][b]=1",
        "=1",
        "[]=1",
        "[a]=1",
        "a[b]c=1",
        "a[[]=1",
        "a[4294967295]=1",
        "a[4294967296]=1",
        "&&&=&",
        "%zz=1",
        "a%ff=1",
        "%=1",
        "%5B%5D",
        "%5B",
        &deep,
    ] {
        let answer = upgrade(&server, &format!("{PATH}&{query}&x=1"), "").await?;
        assert!([101, 400, 403].contains(&answer.status), "{query}: {answer:?}");
    }
    assert_eq!(upgrade(&server, PATH, "").await?.status, 101);
    Ok(())
}
