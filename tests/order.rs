//! Protocol §5.5: replies, pushes, broadcasts, and their order.

use crate::support::signals::gate;
use crate::support::{Over, TestResult, TestServer, apply, each_transport};
use futures_util::future::join_all;
use std::collections::HashMap;

#[apply(each_transport)]
#[tokio::test]
async fn replies_of_every_kind(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","echo",{"b":1, "a":[1.0,-0.0,1e3,"ü\u00fc"]}]
            <- ["1","2","room:1","phx_reply",{"response":{"b":1, "a":[1.0,-0.0,1e3,"ü\u00fc"]},"status":"ok"}]
            -> ["1","3","room:1","error",{"a":1}]
            <- ["1","3","room:1","phx_reply",{"response":{"a":1},"status":"error"}]
            -> ["1","4","room:1","status_only",{}]
            <- ["1","4","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","5","room:1","custom",{"a":1}]
            <- ["1","5","room:1","phx_reply",{"response":{"a":1},"status":"custom"}]
            -> ["1","6","room:1","noreply",{}]
            -> ["1","7","room:1","maybe",false]
            -> ["1","8","room:1","maybe",true]
            <- ["1","8","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","9","room:1","echo",null]
            <- ["1","9","room:1","phx_reply",{"response":null,"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn several_replies_to_one_ref_all_carry_it(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","two_replies",{}]
            <- ["1","2","room:1","phx_reply",{"response":1,"status":"ok"}]
            <- ["1","2","room:1","phx_reply",{"response":2,"status":"ok"}]
            <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_deferred_reply_holds_nothing_up_and_carries_the_ref_of_its_message(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:deferred").await;
    client
        .talk(
            r#"
            -> ["1","2","room:deferred","deferred",{}]
            -> ["1","3","room:deferred","echo",{}]
            <- ["1","3","room:deferred","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    gate("room:deferred").add_permits(1);
    client.talk(r#"<- ["1","2","room:deferred","phx_reply",{"response":"later","status":"ok"}]"#).await;
    gate("room:deferred").add_permits(1);
    client
        .talk(
            r#"
            -> ["1",null,"room:deferred","deferred",{}]
            <- ["1",null,"room:deferred","phx_reply",{"response":"later","status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

/// As in Phoenix, where the answer goes to the connection without the channel.
#[apply(each_transport)]
#[tokio::test]
async fn a_deferred_reply_still_comes_when_its_channel_has_ended(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:deferred_end").await;
    client
        .talk(
            r#"
            -> ["1","2","room:deferred_end","deferred",{}]
            -> ["1","3","room:deferred_end","stop",{}]
            <- ["1","1","room:deferred_end","phx_close",{}]
            "#,
        )
        .await;
    gate("room:deferred_end").add_permits(1);
    client.talk(r#"<- ["1","2","room:deferred_end","phx_reply",{"response":"later","status":"ok"}]"#).await;
    client.nothing_more().await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_message_with_a_null_ref_may_be_replied_to(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1",null,"room:1","echo",{}]
            <- ["1",null,"room:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn effects_appear_in_the_order_of_the_program(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("room:1").await;
    client
        .talk(
            r#"
            -> ["1","2","room:1","broadcast",{"n":1}]
            <- [null,null,"room:1","said",{"n":1}]
            <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","3","room:1","push",{"n":2}]
            -> ["1","4","room:1","broadcast",{"n":3}]
            -> ["1","5","room:1","echo",{"n":4}]
            <- ["1",null,"room:1","pushed",{"n":2}]
            <- [null,null,"room:1","said",{"n":3}]
            <- ["1","4","room:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","5","room:1","phx_reply",{"response":{"n":4},"status":"ok"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_broadcast_reaches_everyone_on_the_topic_and_nobody_else(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut ann = server.connect(over).await.named("ann");
    let mut bo = server.connect(over).await.named("bo");
    let mut cleo = server.connect(over).await.named("cleo");
    ann.join("room:1").await;
    bo.join("room:1").await;
    cleo.join("room:2").await;
    ann.talk(
        r#"
        -> ["1","2","room:1","broadcast",{"body":"hi"}]
        <- [null,null,"room:1","said",{"body":"hi"}]
        <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await;
    bo.talk(r#"<- [null,null,"room:1","said",{"body":"hi"}]"#).await;
    cleo.nothing_more_from("room:2").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn broadcast_from_leaves_out_the_sender(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut ann = server.connect(over).await.named("ann");
    let mut bo = server.connect(over).await.named("bo");
    ann.join("room:1").await;
    bo.join("room:1").await;
    ann.talk(
        r#"
        -> ["1","2","room:1","broadcast_from",{}]
        <- ["1","2","room:1","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await;
    bo.talk(r#"<- [null,null,"room:1","said",{}]"#).await;
    ann.nothing_more_from("room:1").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_intercepted_broadcast_comes_after_the_reply_with_the_channels_own_join_ref(
    over: Over,
) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("intercept:1").await;
    client
        .talk(
            r#"
            -> ["1","2","intercept:1","say",{"text":"hi"}]
            <- ["1","2","intercept:1","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"intercept:1","said",{"text":"hi!"}]
               events that are not intercepted go straight to the client
            -> ["1","3","intercept:1","plain",{"text":"hi"}]
            <- [null,null,"intercept:1","plain",{"text":"hi"}]
            <- ["1","3","intercept:1","phx_reply",{"response":{},"status":"ok"}]
               an intercept may hold a broadcast back
            -> ["1","4","intercept:1","say",{"text":"secret"}]
            <- ["1","4","intercept:1","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    client.nothing_more_from("intercept:1").await;
    Ok(())
}

/// What one client causes to be broadcast must not end the channels of the others.
#[apply(each_transport)]
#[tokio::test]
async fn an_intercepted_broadcast_that_does_not_fit_is_skipped(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut client = server.connect(over).await;
    client.join("intercept:2").await;
    client
        .talk(
            r#"
            -> ["1","2","intercept:2","say",{"no text":"here"}]
            <- ["1","2","intercept:2","phx_reply",{"response":{},"status":"ok"}]
            "#,
        )
        .await;
    client.nothing_more_from("intercept:2").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_intercepted_broadcast_from_leaves_out_the_sender(over: Over) -> TestResult {
    let server = TestServer::start().await?;
    let mut ann = server.connect(over).await.named("ann");
    let mut bo = server.connect(over).await.named("bo");
    ann.join("intercept:from").await;
    bo.join("intercept:from").await;
    ann.talk(
        r#"
        -> ["1","2","intercept:from","say_from",{"text":"hi"}]
        <- ["1","2","intercept:from","phx_reply",{"response":{},"status":"ok"}]
        "#,
    )
    .await;
    bo.talk(r#"<- ["1",null,"intercept:from","said",{"text":"hi!"}]"#).await;
    ann.nothing_more_from("intercept:from").await;
    Ok(())
}

/// Of each transport and version there is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_subscriber_sees_the_broadcasts_of_a_topic_in_one_order() -> TestResult {
    const BROADCASTS: usize = 50;
    let server = TestServer::start().await?;
    let mut clients = Vec::new();
    for over in Over::ALL {
        let mut client = server.connect(over).await;
        client.join("room:order").await;
        clients.push(client);
    }
    let sending = clients.iter_mut().enumerate().map(async |(from, client)| {
        for n in 0..BROADCASTS {
            client.send(&format!(r#"["1",null,"room:order","broadcast",{{"from":{from},"n":{n}}}]"#)).await;
        }
    });
    join_all(sending).await;
    let numbers = (0..Over::ALL.len()).flat_map(|from| (0..BROADCASTS).map(move |n| (from, n)));
    let numbers: Vec<_> = numbers.collect();
    let mut orders = Vec::new();
    for client in &mut clients {
        let said = |&(from, n): &(usize, usize)| {
            let message = format!(r#"[null,null,"room:order","said",{{"from":{from},"n":{n}}}]"#);
            (client.gets(&message).into_owned(), (from, n))
        };
        let said: HashMap<_, _> = numbers.iter().map(said).collect();
        let mut order = Vec::new();
        while order.len() < numbers.len() {
            let frame = client.next().await;
            match said.get(&frame) {
                Some(numbers) => order.push(*numbers),
                None => assert!(frame.contains("phx_reply"), "{frame}"),
            }
        }
        orders.push(order);
    }
    assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");
    // That of each sender is the one it sent in.
    let mut order = orders.swap_remove(0);
    order.sort_by_key(|(from, _)| *from);
    assert_eq!(order, numbers);
    Ok(())
}
