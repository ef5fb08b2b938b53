//! Protocol §13: broadcasts to and from code outside of channels.

use crate::support::{Client, TestResult, TestServer};
use phx_runtime::{Broadcast, Endpoint, Missed, Subscription};
use serde_json::json;

/// A broadcast as text.
fn text(received: Result<Broadcast, Missed>) -> String {
    match received {
        Ok(it) => {
            format!("{} {} {}", it.topic(), it.event(), String::from_utf8_lossy(it.payload().as_bytes()))
        }
        Err(missed) => missed.to_string(),
    }
}

/// Proves that nothing waits: whatever was broadcast before comes first.
async fn nothing_more(endpoint: &Endpoint, subscription: &mut Subscription) -> TestResult {
    let topic = subscription.topic().to_owned();
    endpoint.broadcast(&topic, "fence", &())?;
    assert_eq!(text(subscription.recv().await), format!("{topic} fence {{}}"));
    Ok(())
}

async fn joined(server: &TestServer, topic: &str) -> Client {
    let mut client = server.websocket().await;
    client.join(topic).await;
    client
}

#[tokio::test]
async fn a_subscription_gets_what_is_broadcast_by_channels_and_from_outside_until_it_is_dropped() -> TestResult
{
    let server = TestServer::start().await?;
    let endpoint = &server.endpoint;
    let mut subscription = endpoint.subscribe("room:1");
    let mut client = joined(&server, "room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","broadcast",{"a" : 1.0}]
            <- [null,null,"room:1","said",{"a" : 1.0}]
            <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","room:1","broadcast_from",{"b":2}]
            <- ["1","3","room:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    endpoint.broadcast("room:1", "from outside", &json!({"c": 3}))?;
    endpoint.broadcast("room:2", "another topic", &json!({}))?;
    assert_eq!(text(subscription.recv().await), r#"room:1 said {"a" : 1.0}"#);
    assert_eq!(text(subscription.recv().await), r#"room:1 said {"b":2}"#);
    assert_eq!(text(subscription.recv().await), r#"room:1 from outside {"c":3}"#);
    nothing_more(endpoint, &mut subscription).await?;

    let other = endpoint.subscribe("other");
    assert_eq!(endpoint.topics(), 2);
    drop(other);
    assert_eq!(endpoint.topics(), 1);
    Ok(())
}

#[tokio::test]
async fn subscribing_twice_delivers_twice_and_both_share_one_broadcast() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let (mut first, mut second) = (endpoint.subscribe("twice"), endpoint.subscribe("twice"));
    endpoint.broadcast("twice", "event", &json!({"a": 1}))?;
    let (one, two) = (first.recv().await?, second.recv().await?);
    assert_eq!(one.payload().as_bytes().as_ptr(), two.payload().as_bytes().as_ptr());
    assert_eq!(one.clone().payload().as_bytes().as_ptr(), two.payload().as_bytes().as_ptr());
    first.unsubscribe();
    endpoint.broadcast("twice", "event", &json!({"a": 2}))?;
    assert_eq!(text(second.recv().await), r#"twice event {"a":2}"#);
    Ok(())
}

#[tokio::test]
async fn a_broadcast_from_a_subscription_reaches_all_but_that_one() -> TestResult {
    let server = TestServer::start().await?;
    let endpoint = &server.endpoint;
    let mut client = joined(&server, "room:1").await;
    let (mut from, mut other) = (endpoint.subscribe("room:1"), endpoint.subscribe("room:1"));
    endpoint.broadcast_from(&from, "room:1", "event", &json!({"a": 1}))?;
    client.talk(r#"<- [null,null,"room:1","event",{"a":1}]"#).await;
    assert_eq!(text(other.recv().await), r#"room:1 event {"a":1}"#);
    nothing_more(endpoint, &mut from).await?;

    // On a topic that it is not subscribed to, it leaves nobody out.
    let mut elsewhere = endpoint.subscribe("room:2");
    endpoint.broadcast_from(&from, "room:2", "event", &json!({}))?;
    assert_eq!(text(elsewhere.recv().await), "room:2 event {}");
    endpoint.broadcast_from(&from, "room:3", "nobody there", &json!({}))?;
    Ok(())
}

#[tokio::test]
async fn a_local_broadcast_reaches_everyone_on_this_node() -> TestResult {
    let server = TestServer::start().await?;
    let mut client = joined(&server, "room:1").await;
    let mut subscription = server.endpoint.subscribe("room:1");
    server.endpoint.local_broadcast("room:1", "event", &json!({"a": 1}))?;
    client.talk(r#"<- [null,null,"room:1","event",{"a":1}]"#).await;
    assert_eq!(text(subscription.recv().await), r#"room:1 event {"a":1}"#);
    Ok(())
}

#[tokio::test]
async fn a_payload_that_is_no_object_goes_nowhere() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let (mut subscription, from) = (endpoint.subscribe("topic"), endpoint.subscribe("topic"));
    assert!(endpoint.broadcast("topic", "event", "text").is_err());
    assert!(endpoint.local_broadcast("topic", "event", &[1]).is_err());
    assert!(endpoint.broadcast_from(&from, "topic", "event", &1).is_err());
    nothing_more(&endpoint, &mut subscription).await
}

#[tokio::test]
async fn as_many_broadcasts_as_the_capacity_wait_and_one_more_drops_the_oldest() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let mut subscription = endpoint.subscribe_with("topic", 3);
    for event in ["1", "2", "3"] {
        endpoint.broadcast("topic", event, &())?;
    }
    for event in ["1", "2", "3"] {
        assert_eq!(subscription.recv().await?.event(), event);
    }
    for event in ["1", "2", "3", "4"] {
        endpoint.broadcast("topic", event, &())?;
    }
    assert_eq!(subscription.recv().await.err().map(Missed::count), Some(1));
    for event in ["2", "3", "4"] {
        assert_eq!(subscription.recv().await?.event(), event);
    }
    nothing_more(&endpoint, &mut subscription).await
}

#[tokio::test]
async fn a_subscription_that_nobody_reads_holds_up_nobody() -> TestResult {
    let server = TestServer::start().await?;
    let endpoint = &server.endpoint;
    let mut client = joined(&server, "room:1").await;
    let mut unread = endpoint.subscribe("room:1");
    let mut single = endpoint.subscribe_with("room:1", 0);
    for _ in 0..Subscription::CAPACITY {
        endpoint.broadcast("room:1", "event", &())?;
    }
    endpoint.broadcast("room:1", "last", &())?;
    for _ in 0..Subscription::CAPACITY {
        client.talk(r#"<- [null,null,"room:1","event",{}]"#).await;
    }
    client.talk(r#"<- [null,null,"room:1","last",{}]"#).await;
    assert_eq!(text(unread.recv().await), "missed 1 broadcast(s): more came in than the subscription holds");
    assert_eq!(single.recv().await.err().map(Missed::count), Some(u64::try_from(Subscription::CAPACITY)?));
    assert_eq!(text(single.recv().await), "room:1 last {}");
    Ok(())
}

#[tokio::test]
async fn a_subscriber_is_woken_by_what_comes_while_it_waits() -> TestResult {
    let endpoint = Endpoint::builder().build()?;
    let mut subscription = endpoint.subscribe("topic");
    let waiting = tokio::spawn(async move { text(subscription.recv().await) });
    tokio::task::yield_now().await;
    endpoint.broadcast("topic", "event", &())?;
    assert_eq!(waiting.await?, "topic event {}");
    Ok(())
}
