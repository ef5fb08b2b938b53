//! The page "Testing your channels" shows what a failing assertion prints: this is that assertion.

use super::failure::of;
use phx_runtime::prelude::*;
use phx_runtime::testing::{TestClient, TestResult};
use serde::{Deserialize, Serialize};

const PAGE: &str = include_str!("../../phx-runtime/docs/testing.md");

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("room:*", Room);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Room;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Said {
    text: String,
}

#[channel(socket = UserSocket)]
impl Room {
    const SAID: Event<Said> = Event::new("said");

    #[join("room:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }

    #[handle_in("say")]
    fn say(&mut self, said: Said, ctx: &mut Context<Self>) {
        ctx.broadcast_from(Self::SAID, &Said { text: said.text.replace('e', "a") });
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_shows_the_message_as_it_prints() -> TestResult {
    let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    let ann = TestClient::connect(&endpoint, "/socket", &()).await?;
    let (at_ann, _) = ann.subscribe_and_join("room:lobby", &()).await?;
    at_ann.push("say", &Said { text: "hello".into() }).await;
    let failure = of(at_ann.assert_broadcast(Room::SAID, &Said { text: "hello".into() })).await;
    let shown =
        PAGE.split("```text\n").nth(1).and_then(|rest| rest.split("\n```").next()).ok_or("not there")?;
    let (head, message) = shown.split_once('\n').ok_or("one line")?;
    assert!(head.starts_with("thread 'the_others_hear_it' panicked at "), "{head}");
    assert_eq!(failure.text, message);
    Ok(())
}

/// From the attribute to the closing brace, blank lines included.
#[test]
fn every_test_of_the_page_has_less_than_20_lines() {
    let mut tests = 0;
    for block in PAGE.split("```rust,test_harness\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let starts = block.match_indices("#[tokio::test").chain(block.match_indices("#[test]"));
        let before = tests;
        for test in starts.filter_map(|(start, _)| block[start..].split_inclusive("\n}\n").next()) {
            let lines = test.lines().count();
            assert!((3..20).contains(&lines), "{lines} lines:\n{test}");
            tests += 1;
        }
        assert!(tests > before, "a block without a test:\n{block}");
    }
    assert_eq!(tests, 11);
}
