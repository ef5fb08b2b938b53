//! Leaves that are held back, in case somebody comes back. The hour is there to be cancelled; how it runs out is for
//! paused time, in the tests of `presence.rs` of the runtime.

use super::{Member, Party};
use crate::support::{Over, TestResult, apply, each_transport, each_websocket};
use phx_runtime::ServeError;
use std::time::Duration;

async fn start(over: Over) -> Result<Party, ServeError> {
    Party::start_with(over, |builder| builder.presence_grace(Duration::from_hours(1)), |_| ()).await
}

/// One who watches, and one who is present as `u1`.
async fn two(party: &Party) -> (Member, Member) {
    let mut watcher = party.member("watcher", "present:1").await;
    let mut member = party.member("member", "present:1").await;
    member.talk(TRACK).await;
    member.talk(JOINED).await;
    watcher.talk(JOINED).await;
    (watcher, member)
}

const TRACK: &str = r#"
    -> ["1","2","present:1","track",{"key":"u1","meta":{"status":"online"}}]
    <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
"#;
const JOINED: &str = r#"<- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}},"leaves":{}}]"#;
const THERE: &str = r#"
    -> ["1","8","present:1","state",{}]
    <- ["1",null,"present:1","presence_state",{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}}]
"#;
const LEFT: &str = r#"<- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}}}]"#;

#[apply(each_websocket)]
#[tokio::test]
async fn who_reconnects_has_never_been_away(over: Over) -> TestResult {
    let party = start(over).await?;
    let (mut watcher, member) = two(&party).await;
    drop(member);
    // The channel has ended when its connection has.
    while party.server.endpoint.channels() > 1 {
        tokio::task::yield_now().await;
    }
    watcher.talk(THERE).await;
    let mut member = party.member("member", "present:1").await;
    member.talk(TRACK).await;
    member.talk(THERE).await;
    watcher.talk(THERE).await;
    // The entry is now the new channel's.
    member
        .talk(
            r#"
        -> ["1","3","present:1","update",{"key":"u1","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","phx_ref_prev":"A"}]}},"leaves":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}}}]
        "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn who_comes_back_with_another_meta_has_updated_it(over: Over) -> TestResult {
    let party = start(over).await?;
    let (mut watcher, mut member) = two(&party).await;
    member
        .talk(
            r#"
        -> ["1","3","present:1","crash",{}]
        <- ["1","1","present:1","phx_error",{"reason":"channel_crash"}]
        -> ["4","4","present:1","phx_join",{}]
        <- ["4","4","present:1","phx_reply",{"response":{},"status":"ok"}]
        -> ["4","5","present:1","track",{"key":"u1","meta":{"status":"back"}}]
        <- ["4","5","present:1","phx_reply",{"response":true,"status":"ok"}]
        "#,
        )
        .await;
    watcher
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","phx_ref_prev":"A","status":"back"}]}},"leaves":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}}}]
        "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn joining_again_on_the_same_connection_is_no_absence(over: Over) -> TestResult {
    let party = start(over).await?;
    let (mut watcher, mut member) = two(&party).await;
    member
        .talk(
            r#"
        -> ["4","4","present:1","phx_join",{}]
        <- ["4","4","present:1","phx_reply",{"response":{},"status":"ok"}]
        <- ["1","1","present:1","phx_close",{}]
        -> ["4","5","present:1","track",{"key":"u1","meta":{"status":"online"}}]
        <- ["4","5","present:1","phx_reply",{"response":true,"status":"ok"}]
        "#,
        )
        .await;
    watcher.talk(THERE).await;
    Ok(())
}

/// Each that is away waits for one that comes back.
#[apply(each_transport)]
#[tokio::test]
async fn a_second_one_with_the_key_is_another_meta(over: Over) -> TestResult {
    let party = start(over).await?;
    let (mut watcher, mut member) = two(&party).await;
    member
        .talk(
            r#"
        -> ["1","3","present:1","stop","error"]
        <- ["1","1","present:1","phx_error",{"reason":"channel_crash"}]
        "#,
        )
        .await;
    let mut first = party.member("first", "present:1").await;
    let mut second = party.member("second", "present:1").await;
    first.talk(TRACK).await;
    second.talk(TRACK).await;
    watcher
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","status":"online"}]}},"leaves":{}}]
        "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn who_leaves_or_stops_or_is_untracked_is_away_at_once(over: Over) -> TestResult {
    for end in [
        r#"-> ["1","3","present:1","phx_leave",{}]"#,
        r#"-> ["1","3","present:1","untrack","u1"]"#,
        r#"-> ["1","3","present:1","stop","normal"]"#,
        r#"-> ["1","3","present:1","stop","shutdown"]"#,
    ] {
        let party = start(over).await?;
        let (mut watcher, mut member) = two(&party).await;
        member.talk(end).await;
        watcher.talk(LEFT).await;
    }
    Ok(())
}
