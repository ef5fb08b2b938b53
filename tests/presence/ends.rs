//! However a channel ends, it is present no more, and the others hear of it.

use super::{Member, Party};
use crate::support::signals::reported;
use crate::support::{Over, TestResult, apply, each_transport, each_websocket};
use phx_runtime::MountOptions;
use std::time::Duration;

/// One who watches, and one who is present as `u1` and `u2`.
async fn two(party: &Party) -> (Member, Member) {
    let watcher = party.member("watcher", "present:1").await;
    let mut member = party.member("member", "present:1").await;
    let mut watcher = watcher;
    member
        .talk(
            r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}]}},"leaves":{}}]
        -> ["1","3","present:1","track",{"key":"u2","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        "#,
        )
        .await;
    watcher
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}]}},"leaves":{}}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        "#,
        )
        .await;
    (watcher, member)
}

/// Both keys in one diff, and nobody is left.
async fn hears_of_the_end(party: &Party, watcher: &mut Member) {
    watcher
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A"}]},"u2":{"metas":[{"phx_ref":"B"}]}}}]
        -> ["1","9","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{}]
        "#,
        )
        .await;
    assert_eq!(party.server.endpoint.presence().count("present:1"), 0);
}

/// How a channel ends whose connection goes on, and nothing comes in its place.
const ENDS: [&str; 5] = [
    r#"
    -> ["1","4","present:1","phx_leave",{}]
    <- ["1","4","present:1","phx_reply",{"response":{},"status":"ok"}]
    <- ["1","1","present:1","phx_close",{}]
    "#,
    r#"
    -> ["1","4","present:1","crash",{}]
    <- ["1","1","present:1","phx_error",{"reason":"channel_crash"}]
    "#,
    r#"
    -> ["1","4","present:1","stop","normal"]
    <- ["1","1","present:1","phx_close",{}]
    "#,
    r#"
    -> ["1","4","present:1","stop","shutdown"]
    <- ["1","1","present:1","phx_close",{}]
    "#,
    r#"
    -> ["1","4","present:1","stop","error"]
    <- ["1","1","present:1","phx_error",{"reason":"channel_crash"}]
    "#,
];

#[apply(each_transport)]
#[tokio::test]
async fn with_the_connection_going_on(over: Over) -> TestResult {
    for end in ENDS {
        let party = Party::start(over).await?;
        let (mut watcher, mut member) = two(&party).await;
        member.talk(end).await;
        hears_of_the_end(&party, &mut watcher).await;
        // It does not hear of its own end, since it hears nothing of the topic by then.
        member.client.nothing_more().await;
    }
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn and_nothing_makes_it_present_again(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let (mut watcher, mut member) = two(&party).await;
    member.talk(ENDS[0]).await;
    assert_eq!(reported("present:1").await, "present again: false");
    hears_of_the_end(&party, &mut watcher).await;
    Ok(())
}

/// Who has joined again hears of the end, too.
#[apply(each_transport)]
#[tokio::test]
async fn by_joining_again(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let (mut watcher, mut member) = two(&party).await;
    member
        .talk(
            r#"
        -> ["4","4","present:1","phx_join",{}]
        <- ["4","4","present:1","phx_reply",{"response":{},"status":"ok"}]
        <- ["1","1","present:1","phx_close",{}]
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A"}]},"u2":{"metas":[{"phx_ref":"B"}]}}}]
        "#,
        )
        .await;
    hears_of_the_end(&party, &mut watcher).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn by_being_disconnected(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let (mut watcher, member) = two(&party).await;
    party.server.endpoint.disconnect("member");
    member.client.goes_after_close(1001).await;
    hears_of_the_end(&party, &mut watcher).await;
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn by_vanishing(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let (mut watcher, member) = two(&party).await;
    drop(member);
    hears_of_the_end(&party, &mut watcher).await;
    Ok(())
}

/// As of a network that is gone, or a client that hangs: the connection is open, and nothing comes.
#[apply(each_websocket)]
#[tokio::test]
async fn by_being_silent(over: Over) -> TestResult {
    let idle = |options: &mut MountOptions| options.limits.idle_timeout = Duration::from_secs(1);
    let party = Party::start_with(over, |builder| builder, idle).await?;
    let mut watcher = party.server.endpoint.subscribe("present:1");
    let mut member = party.member("member", "present:1").await;
    member.client.send(r#"["1","2","present:1","track",{"key":"u1","meta":{}}]"#).await;
    for expected in [r#"{"joins":{"u1":"#, r#"{"joins":{},"leaves":{"u1":"#] {
        let diff = watcher.recv().await?;
        assert!(diff.payload().as_json().is_some_and(|diff| diff.starts_with(expected)), "{diff:?}");
    }
    assert_eq!(party.server.endpoint.presence().count("present:1"), 0);
    Ok(())
}

/// Of what one connection has joined, only the topics where it was present hear of it.
#[apply(each_websocket)]
#[tokio::test]
async fn of_a_connection_with_several_topics(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut first = party.member("first", "present:1").await;
    let mut second = party.member("second", "present:2").await;
    let mut third = party.member("third", "present:3").await;
    let mut member = party.somebody("member").await;
    for topic in ["present:1", "present:2", "present:3"] {
        member.client.join(topic).await;
    }
    member
        .talk(
            r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}]}},"leaves":{}}]
        -> ["1","3","present:2","track",{"key":"u1","meta":{}}]
        <- ["1","3","present:2","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:2","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        "#,
        )
        .await;
    drop(member);
    first
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}]}},"leaves":{}}]
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A"}]}}}]
        "#,
        )
        .await;
    second
        .talk(
            r#"
        <- [null,null,"present:2","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        <- [null,null,"present:2","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"B"}]}}}]
        "#,
        )
        .await;
    third.client.nothing_more_from("present:3").await;
    Ok(())
}
