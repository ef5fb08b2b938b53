//! What the application adds: `fetch` and `handle_metas`.

use super::Party;
use crate::support::log::Log;
use crate::support::signals::{gate, report, reported, wait_at_gate};
use crate::support::{Over, TestResult, apply, each_transport};
use phx_runtime::{Endpoint, PresenceCallbacks, PresenceDiff, Presences};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::future::pending;
use std::time::Duration;
use tracing::Level;

type Found<T> = Result<HashMap<String, T>, Box<dyn Error + Send + Sync>>;

/// Knows everybody, and tells the test what it is asked and what has changed.
pub(super) struct Users;

impl PresenceCallbacks for Users {
    type Extra = Value;

    async fn fetch(&self, topic: &str, joined: &Presences) -> Found<Value> {
        report(topic, format!("fetch {:?}", joined.keys().collect::<Vec<_>>()));
        wait_at_gate(topic).await;
        let known = joined.keys().filter(|key| *key != "nobody");
        Ok(known
            .map(|key| (key.to_owned(), json!({"name": format!("User {key}"), "metas": "mine"})))
            .collect())
    }

    async fn handle_metas(&self, topic: &str, diff: &PresenceDiff, endpoint: &Endpoint) {
        let keys = |side: &Presences| side.keys().collect::<Vec<_>>().join(",");
        let there = keys(&endpoint.presence().list(topic));
        report(topic, format!("+{} -{} ={there}", keys(diff.joins()), keys(diff.leaves())));
    }
}

#[apply(each_transport)]
#[tokio::test]
async fn what_is_fetched_stands_beside_the_metas(over: Over) -> TestResult {
    let party = Party::start_with(over, |builder| builder.presence(Users), |_| ()).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{"a":1}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
           until it is found, clients do without the key
        -> ["1","3","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{}]
        "#,
    )
    .await;
    let presence = party.server.endpoint.presence();
    assert_eq!((presence.count("present:1"), presence.list("present:1").len()), (1, 1));
    assert_eq!(reported("present:1").await, r#"fetch ["u1"]"#);
    gate("present:1").add_permits(1);
    ann.talk(
        r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","a":1}],"name":"User u1"}},"leaves":{}}]
        -> ["1","4","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"u1":{"metas":[{"phx_ref":"A","a":1}],"name":"User u1"}}]
        "#,
    )
    .await;
    assert_eq!(reported("present:1").await, "+u1 - =u1");
    // What left is told with what was found before; it is not asked for again.
    ann.talk(
        r#"
        -> ["1","5","present:1","untrack","u1"]
        <- ["1","5","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A","a":1}],"name":"User u1"}}}]
        "#,
    )
    .await;
    assert_eq!(reported("present:1").await, "+ -u1 =");
    // Who is not found is told all the same.
    gate("present:1").add_permits(1);
    ann.talk(
        r#"
        -> ["1","6","present:1","track",{"key":"nobody","meta":{}}]
        <- ["1","6","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"nobody":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
        "#,
    )
    .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_may_wait_for_what_is_fetched_for_its_own_keys(over: Over) -> TestResult {
    let party = Party::start_with(over, |builder| builder.presence(Users), |_| ()).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
           nothing is to be fetched for who has no key
        -> ["1","2","present:1","fetched",{}]
        <- ["1",null,"present:1","presence_state",{}]
        -> ["1","3","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        -> ["1","4","present:1","fetched",{}]
        "#,
    )
    .await;
    assert_eq!(reported("present:1").await, r#"fetch ["u1"]"#);
    let mut bo = party.member("bo", "present:1").await;
    bo.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u2","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        "#,
    )
    .await;
    gate("present:1").add_permits(1);
    // Without the other, which has yet to be fetched for.
    ann.talk(
        r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}],"name":"User u1"}},"leaves":{}}]
        <- ["1",null,"present:1","presence_state",{"u1":{"metas":[{"phx_ref":"A"}],"name":"User u1"}}]
        "#,
    )
    .await;
    gate("present:1").add_permits(1);
    ann.talk(
        r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"B"}],"name":"User u2"}},"leaves":{}}]
        "#,
    )
    .await;
    Ok(())
}

/// What happens while something is fetched is told after it, all in one diff.
#[apply(each_transport)]
#[tokio::test]
async fn diffs_keep_their_order_and_gather_what_happens_meanwhile(over: Over) -> TestResult {
    let party = Party::start_with(over, |builder| builder.presence(Users), |_| ()).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        "#,
    )
    .await;
    assert_eq!(reported("present:1").await, r#"fetch ["u1"]"#);
    let mut other = party.member("other", "present:2").await;
    gate("present:2").add_permits(1);
    other
        .talk(
            r#"
        -> ["1","2","present:2","track",{"key":"u1","meta":{}}]
        <- ["1","2","present:2","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:2","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}],"name":"User u1"}},"leaves":{}}]
        "#,
        )
        .await;
    ann.talk(
        r#"
        -> ["1","3","present:1","track",{"key":"u2","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        -> ["1","4","present:1","untrack","u1"]
        <- ["1","4","present:1","phx_reply",{"response":true,"status":"ok"}]
        -> ["1","5","present:1","update",{"key":"u2","meta":{"n":1}}]
        <- ["1","5","present:1","phx_reply",{"response":true,"status":"ok"}]
        "#,
    )
    .await;
    gate("present:1").add_permits(2);
    ann.talk(
        r#"
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"B"}],"name":"User u1"}},"leaves":{}}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"C"},{"phx_ref":"D","phx_ref_prev":"C","n":1}],"name":"User u2"}},"leaves":{"u1":{"metas":[{"phx_ref":"B"}]},"u2":{"metas":[{"phx_ref":"C"}]}}}]
        -> ["1","6","present:1","state",{}]
        <- ["1",null,"present:1","presence_state",{"u2":{"metas":[{"phx_ref":"D","phx_ref_prev":"C","n":1}],"name":"User u2"}}]
        "#,
    )
    .await;
    Ok(())
}

/// Goes wrong for some keys.
struct Faulty;

impl PresenceCallbacks for Faulty {
    type Extra = Value;

    async fn fetch(&self, _: &str, joined: &Presences) -> Found<Value> {
        let key = joined.keys().next().unwrap_or_default();
        match key {
            "fails" => Err("no database".into()),
            "panics" => panic!("a bug"),
            "hangs" => pending().await,
            "odd" => Ok([(key.to_owned(), json!([])), ("another".to_owned(), json!({}))].into()),
            _ => Ok([(key.to_owned(), json!({"name": key}))].into()),
        }
    }

    async fn handle_metas(&self, _: &str, diff: &PresenceDiff, _: &Endpoint) {
        assert!(diff.joins().get("metas panic").is_none(), "another bug");
        if diff.joins().get("metas hang").is_some() {
            pending::<()>().await;
        }
    }
}

/// In Phoenix it takes every tracked channel down.
#[apply(each_transport)]
#[tokio::test]
async fn a_callback_that_fails_hurts_nobody(over: Over) -> TestResult {
    let log = Log::default();
    let _logging = log.start();
    let faulty = |builder: phx_runtime::EndpointBuilder| {
        builder.presence(Faulty).presence_timeout(Duration::from_millis(10))
    };
    let party = Party::start_with(over, faulty, |_| ()).await?;
    let mut ann = party.member("ann", "present:1").await;
    for (key, letter) in [("fails", 'A'), ("panics", 'B'), ("hangs", 'C'), ("odd", 'D'), ("metas panic", 'E')]
    {
        let name = if letter < 'E' { String::new() } else { format!(",\"name\":\"{key}\"") };
        ann.talk(&format!(
            r#"
            -> ["1","2","present:1","track",{{"key":"{key}","meta":{{}}}}]
            <- ["1","2","present:1","phx_reply",{{"response":true,"status":"ok"}}]
            <- [null,null,"present:1","presence_diff",{{"joins":{{"{key}":{{"metas":[{{"phx_ref":"{letter}"}}]{name}}}}},"leaves":{{}}}}]
            "#
        ))
        .await;
    }
    ann.talk(
        r#"
        -> ["1","3","present:1","track",{"key":"metas hang","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"metas hang":{"metas":[{"phx_ref":"F"}],"name":"metas hang"}},"leaves":{}}]
        -> ["1","4","present:1","track",{"key":"fine","meta":{}}]
        <- ["1","4","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"fine":{"metas":[{"phx_ref":"G"}],"name":"fine"}},"leaves":{}}]
        "#,
    )
    .await;
    assert_eq!(
        log.lines(Level::ERROR),
        [
            r#"`fetch` failed: clients do without what it finds topic="present:1" failure="no database""#,
            r#"`fetch` failed: clients do without what it finds topic="present:1" failure="a bug""#,
            r#"`fetch` failed: clients do without what it finds topic="present:1" failure="it took longer than 10ms""#,
            r#"what `fetch` found for a key cannot be told topic="present:1" key="odd" error="what is told of somebody who is present must be a JSON object, got an array""#,
            r#"`handle_metas` failed topic="present:1" failure="another bug""#,
            r#"`handle_metas` failed topic="present:1" failure="it took longer than 10ms""#,
        ]
    );
    Ok(())
}
