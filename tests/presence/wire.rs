//! The frames: lists and diffs.

use super::Party;
use crate::support::{Over, TestResult, apply, each_transport};

#[apply(each_transport)]
#[tokio::test]
async fn nothing_is_told_of_a_channel_that_only_joins(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    let mut bo = party.member("bo", "present:1").await;
    ann.client.nothing_more_from("present:1").await;
    bo.talk(
        r#"
        -> ["1","2","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{}]
        "#,
    )
    .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn who_is_tracked_joins_for_everybody_itself_included(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    let mut bo = party.member("bo", "present:1").await;
    let mut elsewhere = party.member("elsewhere", "present:2").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{"status":"online"}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}},"leaves":{}}]
        "#,
    )
    .await;
    bo.talk(
        r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}},"leaves":{}}]
        -> ["1","2","present:1","track",{"key":"u2","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        -> ["1","3","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"u1":{"metas":[{"phx_ref":"A","status":"online"}]},"u2":{"metas":[{"phx_ref":"B"}]}}]
        "#,
    )
    .await;
    elsewhere.client.nothing_more_from("present:2").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_key_has_a_meta_for_each_channel_and_a_diff_only_those_that_changed(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut first = party.member("first", "present:1").await;
    let mut second = party.member("second", "present:1").await;
    first
        .talk(
            r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{"tab":1}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","tab":1}]}},"leaves":{}}]
        "#,
        )
        .await;
    second
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","tab":1}]}},"leaves":{}}]
        -> ["1","2","present:1","track",{"key":"u1","meta":{"tab":2}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","tab":2}]}},"leaves":{}}]
        "#,
        )
        .await;
    // Who updates keeps its place in lists, as in Phoenix.
    first
        .talk(
            r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","tab":2}]}},"leaves":{}}]
        -> ["1","3","present:1","update",{"key":"u1","meta":{"tab":"one"}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"C","phx_ref_prev":"A","tab":"one"}]}},"leaves":{"u1":{"metas":[{"phx_ref":"A","tab":1}]}}}]
        -> ["1","4","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"u1":{"metas":[{"phx_ref":"C","phx_ref_prev":"A","tab":"one"},{"phx_ref":"B","tab":2}]}}]
        -> ["1","5","present:1","untrack","u1"]
        <- ["1","5","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"C","phx_ref_prev":"A","tab":"one"}]}}}]
        -> ["1","6","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"u1":{"metas":[{"phx_ref":"B","tab":2}]}}]
        "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_update_is_a_leave_and_a_join_in_one_diff_that_names_the_ref_before(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{"status":"online"}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}},"leaves":{}}]
        -> ["1","3","present:1","update",{"key":"u1","meta":{"status":"away"}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","phx_ref_prev":"A","status":"away"}]}},"leaves":{"u1":{"metas":[{"phx_ref":"A","status":"online"}]}}}]
        -> ["1","4","present:1","update",{"key":"u1","meta":{}}]
        <- ["1","4","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"C","phx_ref_prev":"B"}]}},"leaves":{"u1":{"metas":[{"phx_ref":"B","phx_ref_prev":"A","status":"away"}]}}}]
        "#,
    )
    .await;
    Ok(())
}

/// §10: an entry is named by topic, channel and key.
#[apply(each_transport)]
#[tokio::test]
async fn a_key_is_tracked_once_by_a_channel(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","update",{"key":"u1","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":false,"status":"ok"}]
        -> ["1","3","present:1","untrack","u1"]
        <- ["1","3","present:1","phx_reply",{"response":false,"status":"ok"}]
        -> ["1","4","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","4","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}]}},"leaves":{}}]
        -> ["1","5","present:1","track",{"key":"u1","meta":{"again":true}}]
        <- ["1","5","present:1","phx_reply",{"response":false,"status":"ok"}]
           another key, another topic of the same connection
        -> ["1","6","present:1","track",{"key":"U1","meta":{}}]
        <- ["1","6","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"U1":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        -> ["7","7","present:2","phx_join",{}]
        <- ["7","7","present:2","phx_reply",{"response":{},"status":"ok"}]
        -> ["7","8","present:2","track",{"key":"u1","meta":{}}]
        <- ["7","8","present:2","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:2","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"C"}]}},"leaves":{}}]
        -> ["1","9","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"U1":{"metas":[{"phx_ref":"B"}]},"u1":{"metas":[{"phx_ref":"A"}]}}]
        -> ["1","10","present:1","untrack","u1"]
        <- ["1","10","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A"}]}}}]
        -> ["1","11","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","11","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"D"}]}},"leaves":{}}]
        "#,
    )
    .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn keys_and_metas_are_written_as_json(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"a\"b\\\n\u00e9","meta":{"phx_ref":"forged","phx_ref_prev":1,"\u0070hx_ref":[],"n":1.50,"o":{"p":[]}}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"a\"b\\\né":{"metas":[{"phx_ref":"A","n":1.50,"o":{"p":[]}}]}},"leaves":{}}]
        -> ["1","3","present:1","track",{"key":"","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        -> ["1","4","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"":{"metas":[{"phx_ref":"B"}]},"a\"b\\\né":{"metas":[{"phx_ref":"A","n":1.50,"o":{"p":[]}}]}}]
        "#,
    )
    .await;
    Ok(())
}

/// As Phoenix tells of all that one process held: in one diff. Here those who change at the same time share one too.
#[apply(each_transport)]
#[tokio::test]
async fn what_happens_at_once_is_one_diff_and_may_be_intercepted(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "shown:1").await;
    ann.talk(
        r#"
        <- ["1",null,"shown:1","shown",{"came":["bot 1","bot 2"],"went":[]}]
        -> ["1","2","shown:1","leave_all",{}]
        <- ["1",null,"shown:1","shown",{"came":[],"went":["bot 1","bot 2"]}]
        "#,
    )
    .await;
    let mut bo = party.member("bo", "shown:1").await;
    bo.talk(r#"<- ["1",null,"shown:1","shown",{"came":["bot 1","bot 2"],"went":[]}]"#).await;
    ann.talk(r#"<- ["1",null,"shown:1","shown",{"came":["bot 1","bot 2"],"went":[]}]"#).await;
    bo.talk(
        r#"
        -> ["1","2","shown:1","phx_leave",{}]
        <- ["1","2","shown:1","phx_reply",{"response":{},"status":"ok"}]
        <- ["1","1","shown:1","phx_close",{}]
        "#,
    )
    .await;
    ann.talk(r#"<- ["1",null,"shown:1","shown",{"came":[],"went":["bot 1","bot 2"]}]"#).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_knows_what_it_has_tracked_itself(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut other = party.member("other", "present:1").await;
    other.client.send(r#"["1","2","present:1","track",{"key":"u1","meta":{"tab":1}}]"#).await;
    other
        .talk(
            r#"
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","tab":1}]}},"leaves":{}}]
        "#,
        )
        .await;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","tracked","u1"]
        <- ["1","2","present:1","phx_reply",{"response":null,"status":"ok"}]
        -> ["1","3","present:1","track",{"key":"u1","meta":{"tab":2}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B","tab":2}]}},"leaves":{}}]
        -> ["1","4","present:1","tracked","u1"]
        <- ["1","4","present:1","phx_reply",{"response":{"phx_ref":"B","tab":2},"status":"ok"}]
        -> ["1","5","present:1","tracked_number","u1"]
        <- ["1","5","present:1","phx_reply",{"response":{"reason":"another type"},"status":"error"}]
        "#,
    )
    .await;
    Ok(())
}
