//! Protocol §2.6: which subprotocol is answered.

use crate::support::app::TestSocket;
use crate::support::http::{PATH, request, upgrade};
use crate::support::{TestResult, TestServer};
use phx_runtime::{Endpoint, EndpointProblem};

async fn start(subprotocols: &[&str]) -> Result<TestServer, Box<dyn std::error::Error>> {
    let subprotocols = subprotocols.iter().map(|&name| name.to_owned()).collect();
    Ok(TestServer::start_with_options(|options| options.subprotocols = Some(subprotocols)).await?)
}

/// The status and the subprotocol of the answer.
async fn offer(server: &TestServer, headers: &str) -> std::io::Result<(u16, Option<String>)> {
    let answer = upgrade(server, PATH, headers).await?;
    Ok((answer.status, answer.header("sec-websocket-protocol").map(str::to_owned)))
}

#[tokio::test]
async fn none_by_default_what_the_client_offers_is_ignored() -> TestResult {
    let server = TestServer::start().await?;
    assert_eq!(offer(&server, "sec-websocket-protocol: chat, mqtt\r\n").await?, (101, None));
    Ok(())
}

#[tokio::test]
async fn a_list_accepts_clients_that_offer_nothing() -> TestResult {
    let server = start(&["chat"]).await?;
    assert_eq!(offer(&server, "").await?, (101, None));
    Ok(())
}

#[tokio::test]
async fn the_first_of_the_servers_list_that_is_offered_is_answered() -> TestResult {
    let server = start(&["chat", "mqtt"]).await?;
    for (offered, chosen) in
        [("mqtt, chat", "chat"), ("mqtt", "mqtt"), ("x,chat,y", "chat"), (" , mqtt ,", "mqtt")]
    {
        let answer = offer(&server, &format!("sec-websocket-protocol: {offered}\r\n")).await?;
        assert_eq!(answer, (101, Some(chosen.to_owned())), "{offered}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_offers_none_of_the_list_is_refused() -> TestResult {
    let server = start(&["chat"]).await?;
    for offered in ["mqtt", "Chat", "chatx", "", ",", "\u{e9}"] {
        let headers = format!("sec-websocket-protocol: {offered}\r\n");
        request(&server, "GET", PATH, &headers).await?.assert_empty(403, offered);
    }
    let server = start(&[]).await?;
    assert_eq!(offer(&server, "sec-websocket-protocol: chat\r\n").await?, (403, None), "an empty list");
    Ok(())
}

#[tokio::test]
async fn only_the_first_header_line_is_read() -> TestResult {
    let server = start(&["chat"]).await?;
    let (chat, mqtt) = ("sec-websocket-protocol: chat\r\n", "sec-websocket-protocol: mqtt\r\n");
    assert_eq!(offer(&server, &format!("{chat}{mqtt}")).await?.0, 101);
    assert_eq!(offer(&server, &format!("{mqtt}{chat}")).await?.0, 403);
    Ok(())
}

#[test]
fn names_that_cannot_stand_in_a_header_are_problems_of_the_endpoint() {
    let names = ["chat", "", "a b", "a,b", "v1.2+x", "\u{e9}", "a\r\nb"];
    let result = Endpoint::builder()
        .socket_with::<TestSocket>("/socket", |options| {
            options.subprotocols = Some(names.map(str::to_owned).to_vec());
        })
        .build();
    let expected: Vec<_> = ["", "a b", "a,b", "\u{e9}", "a\r\nb"]
        .map(|name| EndpointProblem::InvalidSubprotocol(name.into()))
        .into();
    assert_eq!(result.err().map(|error| error.problems().to_vec()), Some(expected));
}
