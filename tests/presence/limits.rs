//! What a client may be behind is bounded, and what is no meta ends the channel.

use super::Party;
use super::callbacks::Users;
use crate::support::signals::gate;
use crate::support::{Over, TestResult, apply, each_transport, each_transport_of_v2};

const CRASHED: &str = r#"<- ["1","1","present:1","phx_error",{"reason":"channel_crash"}]"#;

#[apply(each_transport)]
#[tokio::test]
async fn a_channel_is_present_as_so_many(over: Over) -> TestResult {
    let party =
        Party::start_with(over, |builder| builder, |options| options.limits.presence_keys = 2).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A"}]}},"leaves":{}}]
        -> ["1","3","present:1","track",{"key":"u2","meta":{}}]
        <- ["1","3","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"B"}]}},"leaves":{}}]
           one that it has counts no more than before, and one that is given up makes room
        -> ["1","4","present:1","track",{"key":"u2","meta":{}}]
        <- ["1","4","present:1","phx_reply",{"response":false,"status":"ok"}]
        -> ["1","5","present:1","untrack","u1"]
        <- ["1","5","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"u1":{"metas":[{"phx_ref":"A"}]}}}]
        -> ["1","6","present:1","track",{"key":"u3","meta":{}}]
        <- ["1","6","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u3":{"metas":[{"phx_ref":"C"}]}},"leaves":{}}]
        -> ["1","7","present:1","track",{"key":"u4","meta":{}}]
        "#,
    )
    .await;
    ann.talk(CRASHED).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_key_and_its_meta_have_so_many_bytes(over: Over) -> TestResult {
    let party =
        Party::start_with(over, |builder| builder, |options| options.limits.presence_bytes = 10).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.talk(
        r#"
        -> ["1","2","present:1","track",{"key":"u1","meta":{"a":12}}]
        <- ["1","2","present:1","phx_reply",{"response":true,"status":"ok"}]
        <- [null,null,"present:1","presence_diff",{"joins":{"u1":{"metas":[{"phx_ref":"A","a":12}]}},"leaves":{}}]
        -> ["1","3","present:1","update",{"key":"u1","meta":{"a":123}}]
        "#,
    )
    .await;
    ann.talk(CRASHED).await;
    for (key, meta) in [("u12", r#"{"a":12}"#), ("\\n", r#"{"a":123}"#)] {
        let mut bo = party.member("bo", "present:1").await;
        bo.talk(&format!(r#"-> ["1","2","present:1","track",{{"key":"{key}","meta":{meta}}}]"#)).await;
        bo.talk(CRASHED).await;
    }
    Ok(())
}

/// Those who read a diff as a whole are not to fail because of what somebody has tracked.
#[apply(each_transport)]
#[tokio::test]
async fn a_meta_is_so_deep(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    let nested = |lists: usize| format!("{{\"a\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
    let (fine, too_deep) = (nested(63), nested(64));
    ann.talk(&format!(
        r#"
        -> ["1","2","present:1","track",{{"key":"u1","meta":{fine}}}]
        <- ["1","2","present:1","phx_reply",{{"response":true,"status":"ok"}}]
        <- [null,null,"present:1","presence_diff",{{"joins":{{"u1":{{"metas":[{{"phx_ref":"A",{}]}}}},"leaves":{{}}}}]
        -> ["1","3","present:1","update",{{"key":"u1","meta":{too_deep}}}]
        "#,
        &fine[1..]
    ))
    .await;
    ann.talk(CRASHED).await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn what_is_no_object_is_no_meta(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    for meta in ["[]", "null", "1", "\"online\"", "true"] {
        let mut ann = party.member("ann", "present:1").await;
        ann.talk(&format!("-> [\"1\",\"2\",\"present:1\",\"track\",{{\"key\":\"u1\",\"meta\":{meta}}}]"))
            .await;
        ann.talk(CRASHED).await;
        assert_eq!(party.server.endpoint.presence().count("present:1"), 0, "{meta}");
    }
    Ok(())
}

/// As long as what is fetched is not there, nothing can be told. A client that goes on changing things must not fill the
/// memory meanwhile, or the queues of the others afterwards: its channel waits.
#[apply(each_transport_of_v2)]
#[tokio::test]
async fn who_has_more_changed_than_can_be_told_waits(over: Over) -> TestResult {
    // Each tells of a meta that comes and one that goes, of which a mebibyte may wait.
    const UPDATES: usize = 60;
    const BYTES: usize = 15_000;
    let party = Party::start_with(over, |builder| builder.presence(Users), |_| ()).await?;
    let mut ann = party.member("ann", "present:1").await;
    ann.client.send(r#"["1",null,"present:1","track",{"key":"u1","meta":{"n":0}}]"#).await;
    let filler = "x".repeat(BYTES);
    for n in 1..=UPDATES {
        let update = format!(r#"{{"key":"u1","meta":{{"n":{n},"x":"{filler}"}}}}"#);
        ann.client.send(&format!(r#"["1",null,"present:1","update",{update}]"#)).await;
    }
    // The answer to this shows that all of that has reached the channel.
    ann.client.send(r#"[null,"fence","phoenix","heartbeat",{}]"#).await;
    while !ann.client.next().await.contains(r#""fence""#) {}
    let handled = || {
        let present = party.server.endpoint.presence().get_by_key("present:1", "u1");
        let metas = present.and_then(|present| present.metas::<serde_json::Value>().ok());
        metas.and_then(|metas| usize::try_from(metas.first()?["n"].as_u64()?).ok()).unwrap_or_default()
    };
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    // So many, and those that the diff tells of that waits for what is fetched.
    let (waiting, in_a_diff) = (1024 * 1024 / BYTES / 2, 128 * 1024 / BYTES / 2);
    assert!((waiting..=waiting + in_a_diff + 2).contains(&handled()), "{} updates were handled", handled());

    gate("present:1").add_permits(UPDATES);
    let last = format!(r#""n":{UPDATES},"#);
    loop {
        let message = ann.client.next().await;
        assert!(message.len() < 160 * 1024, "a diff of {} bytes", message.len());
        if message.contains("presence_diff") && message.contains(&last) {
            break;
        }
    }
    assert_eq!(handled(), UPDATES);
    Ok(())
}
