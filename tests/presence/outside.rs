//! Presence as code outside of channels has it.

use super::Party;
use crate::support::{Over, TestResult, apply, each_transport};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, PartialEq, Deserialize)]
struct Meta {
    mood: String,
}

#[apply(each_transport)]
#[tokio::test]
async fn a_bot_is_present_until_it_is_dropped(over: Over) -> TestResult {
    let party = Party::start(over).await?;
    let mut ann = party.member("ann", "present:1").await;
    let presence = party.server.endpoint.presence().clone();
    let bot = presence.track("present:1", 7, &json!({"mood": "fine"}))?;
    assert_eq!(bot.key(), "7");
    ann.talk(r#"<- [null,null,"present:1","presence_diff",{"joins":{"7":{"metas":[{"phx_ref":"A","mood":"fine"}]}},"leaves":{}}]"#)
        .await;
    bot.update(&json!({"mood": "tired"}))?;
    ann.talk(r#"<- [null,null,"present:1","presence_diff",{"joins":{"7":{"metas":[{"phx_ref":"B","phx_ref_prev":"A","mood":"tired"}]}},"leaves":{"7":{"metas":[{"phx_ref":"A","mood":"fine"}]}}}]"#)
        .await;
    // Another of the same key is another meta.
    let twin = presence.track("present:1", "7", &json!({"mood": "new"}))?;
    ann.talk(r#"<- [null,null,"present:1","presence_diff",{"joins":{"7":{"metas":[{"phx_ref":"C","mood":"new"}]}},"leaves":{}}]"#)
        .await;
    assert!(presence.track("present:1", "8", &[1]).is_err());
    assert!(twin.update(&"text").is_err());

    let list = presence.list("present:1");
    assert_eq!((list.len(), presence.count("present:1"), list.is_empty()), (1, 1, false));
    assert_eq!(list.keys().collect::<Vec<_>>(), ["7"]);
    let present = presence.get_by_key("present:1", "7").ok_or("nobody")?;
    let moods = |moods: [&str; 2]| moods.map(|mood| Meta { mood: mood.to_owned() });
    assert_eq!(present.metas::<Meta>()?, moods(["tired", "new"]));
    assert_eq!((present.key(), present.count(), present.fetched::<Meta>()?), ("7", 2, None));
    assert!(present.metas::<u8>().is_err());
    assert!(
        presence.get_by_key("present:1", "07").is_none() && presence.get_by_key("present:2", "7").is_none()
    );

    drop(bot);
    ann.talk(r#"<- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"7":{"metas":[{"phx_ref":"B","phx_ref_prev":"A","mood":"tired"}]}}}]"#)
        .await;
    twin.untrack();
    ann.talk(r#"<- [null,null,"present:1","presence_diff",{"joins":{},"leaves":{"7":{"metas":[{"phx_ref":"C","mood":"new"}]}}}]"#)
        .await;
    assert_eq!((presence.count("present:1"), presence.list("present:1").len()), (0, 0));
    // A list is of its moment.
    assert_eq!((list.len(), list.get("7").map(|present| present.count())), (1, Some(2)));
    Ok(())
}
