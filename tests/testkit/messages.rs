//! What a failing assertion says, word for word.

use super::failure::{Failure, of};
use super::{Kit, Said, endpoint, said, start};
use phx_runtime::testing::{TestChannel, TestClient, TestResult, TestSubscription, over_each};
use serde_json::{Value, json};
use std::error::Error;
use std::time::Duration;

async fn join(topic: &str) -> Result<(TestClient, TestChannel), Box<dyn Error>> {
    let client = TestClient::connect(&endpoint()?, "/socket", &json!({"name": "ann"})).await?;
    let (room, _) = client.subscribe_and_join(topic, &()).await?;
    Ok((client, room))
}

/// The text as it is written here: without the line break at its beginning, and indented like its last line.
#[track_caller]
fn says(failure: &Failure, expected: &str) {
    let indent = expected.rsplit('\n').next().unwrap_or_default();
    let lines: Vec<_> =
        expected.lines().skip(1).map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
    let expected = lines.join("\n");
    assert_eq!(failure.text, expected.trim_end(), "\n{}", failure.text);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_does_not_come() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    says(
        &of(room.assert_push("said", &said("hello"))).await,
        r#"
        the push "said" on "kit:1" with {"text":"hello"} did not come within 100ms

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_push_that_comes_otherwise() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    room.push("ping", &json!({"n": 1})).await;
    room.push("say", &said("hallo")).await;
    room.push("push", &json!({"list": [1, 2]})).await;
    says(
        &of(room.assert_push(Kit::SAID, &said("hello"))).await,
        r#"
        the push "said" on "kit:1" with {"text":"hello"} did not come within 100ms
          it came with another payload:
            text: expected "hello", got "hallo"

        what came to the client (in process) and no assertion has taken:
          1. reply ok to "ping" on "kit:1": {"n":1}
          2. broadcast "said" on "kit:1": {"text":"hallo"}
          3. push "said" on "kit:1": {"text":"hallo"}
          4. push "pushed" on "kit:1": {"list":[1,2]}
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_push_whose_name_is_nearly_right() -> TestResult {
    let (client, room) = join("kit:1").await?;
    let (other, _) = client.join("kit:2", &()).await?;
    room.push("push", &json!({})).await;
    other.push("say", &said("elsewhere")).await;
    client.set_timeout(Duration::from_secs(2));
    says(
        &of(room.expect_push::<Said>("pushd")).await,
        r#"
        the push "pushd" on "kit:1" did not come within 2s
          "pushed" came: is the name right?

        what came to the client (in process) and no assertion has taken:
          1. push "pushed" on "kit:1": {}
          2. push "said" on "kit:2": {"text":"elsewhere"}
        "#,
    );
    let failure = of(room.expect_push::<Said>("said")).await;
    assert!(failure.text.contains("\n  it came on \"kit:2\"\n"), "{}", failure.text);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_push_of_something_else() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    room.push("push", &json!({"txt": "hi"})).await;
    says(
        &of(room.expect_push::<Said>("pushed")).await,
        r#"
        the push "pushed" on "kit:1" came, but not with a `black_box::testkit::Said`: missing field `text` at line 1 column 12
          it came with {"txt":"hi"}
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_push_that_was_not_to_come() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    room.push("push", &json!({"n": 1})).await;
    room.push("ping", &json!({})).await;
    says(
        &of(room.refute_push("pushed")).await,
        r#"
        the push "pushed" on "kit:1" was not to come, and came with {"n":1}

        what came to the client (in process) and no assertion has taken:
          1. reply ok to "ping" on "kit:1": {}
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_another() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    let ping = room.push("ping", &json!({"a": 1, "b": [1]})).await;
    says(
        &of(room.assert_reply(&ping, "error", &json!({"a": 1, "b": [2]}))).await,
        r#"
        the reply to "ping" on "kit:1" was to be error {"a":1,"b":[2]}, and is ok {"a":1,"b":[1]}
          status: expected "error", got "ok"
          b[0]: expected 2, got 1

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    let fail = room.push("fail", &()).await;
    says(
        &of(room.expect_reply::<Said>(&fail, "ok")).await,
        r#"
        the reply to "fail" on "kit:1" was to be ok, and is error {"reason":"no"}

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    let ping = room.push("ping", &7).await;
    says(
        &of(room.expect_reply::<Said>(&ping, "ok")).await,
        r#"
        the reply to "ping" on "kit:1" is no `black_box::testkit::Said`: invalid type: integer `7`, expected struct Said at line 1 column 1
          it is 7
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_does_not_come_or_was_not_to() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    let silent = room.push("silent", &()).await;
    says(
        &of(room.assert_reply(&silent, "ok", &())).await,
        r#"
        no reply to "silent" on "kit:1" came within 100ms

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    let ping = room.push("ping", &()).await;
    says(
        &of(room.refute_reply(&ping)).await,
        r#"
        no reply was to come to "ping" on "kit:1", and one did: ok {}

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_that_is_another_or_was_not_to_come() -> TestResult {
    let (client, room) = join("kit:1").await?;
    room.push("say_from", &said("hallo")).await;
    says(
        &of(room.assert_broadcast("said", &said("hello"))).await,
        r#"
        the broadcast "said" on "kit:1" with {"text":"hello"} did not come within 100ms
          it came with another payload:
            text: expected "hello", got "hallo"

        what came to the client (in process) and no assertion has taken:
          1. broadcast "said" on "kit:1": {"text":"hallo"}
        "#,
    );
    says(
        &of(room.refute_broadcast("said")).await,
        r#"
        the broadcast "said" on "kit:1" was not to come, and came with {"text":"hallo"}

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    let (unheard, _) = client.join("kit:2", &()).await?;
    for failure in
        [of(unheard.assert_broadcast("said", &())).await, of(unheard.refute_broadcast("said")).await]
    {
        says(
            &failure,
            r#"
            nobody listens to broadcasts on "kit:2": join it with `subscribe_and_join`
            "#,
        );
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_push_that_is_a_broadcast_or_the_reverse() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    room.push("say_from", &said("hi")).await;
    says(
        &of(room.assert_push("said", &said("hi"))).await,
        r#"
        the push "said" on "kit:1" with {"text":"hi"} did not come within 100ms
          it was broadcast, and not pushed to the client: that is for `assert_broadcast`

        what came to the client (in process) and no assertion has taken:
          1. broadcast "said" on "kit:1": {"text":"hi"}
        "#,
    );
    room.push("push", &json!({})).await;
    let failure = of(room.expect_broadcast::<Value>("pushed")).await;
    let hint = "\n  it was pushed to the client, and not broadcast: that is for `assert_push`\n";
    assert!(failure.text.contains(hint), "{}", failure.text);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_without_a_client() -> TestResult {
    let endpoint = endpoint()?;
    let orders = TestSubscription::new(&endpoint, "orders");
    endpoint.broadcast("orders", "placed", &json!({"id": 7}))?;
    says(
        &of(orders.assert_broadcast("placed", &json!({"id": 8}))).await,
        r#"
        the broadcast "placed" on "orders" with {"id":8} did not come within 100ms
          it came with another payload:
            id: expected 8, got 7

        what came to those who listen to "orders" and no assertion has taken:
          1. broadcast "placed" on "orders": {"id":7}
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_another() -> TestResult {
    let (client, room) = join("kit:1").await?;
    room.push("ping", &()).await;
    says(
        &of(room.assert_closed()).await,
        r#"
        the channel on "kit:1" did not end with phx_close within 100ms

        what came to the client (in process) and no assertion has taken:
          1. reply ok to "ping" on "kit:1": {}
        "#,
    );
    room.push("crash", &()).await;
    says(
        &of(room.assert_closed()).await,
        r#"
        the channel on "kit:1" was to end with phx_close, and did with phx_error {"reason":"channel_crash"}

        what came to the client (in process) and no assertion has taken:
          1. reply ok to "ping" on "kit:1": {}
          2. broadcast "left" on "kit:1": {"name":"ann","reason":"Crashed"}
        "#,
    );
    says(
        &of(client.assert_closed(1001)).await,
        r#"
        the connection was not closed within 100ms

        what came to the client (in process) and no assertion has taken:
          1. reply ok to "ping" on "kit:1": {}
          2. broadcast "left" on "kit:1": {"name":"ann","reason":"Crashed"}
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn something_of_a_channel_that_has_ended() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    let silent = room.push("silent", &()).await;
    room.push("stop", &()).await;
    says(
        &of(room.assert_push("said", &())).await,
        r#"
        the push "said" on "kit:1" with {} did not come before the channel was closed

        what came to the client (in process) and no assertion has taken:
          1. broadcast "left" on "kit:1": {"name":"ann","reason":"Stopped(Normal)"}
          2. phx_close on "kit:1": {}
        "#,
    );
    room.assert_closed().await;
    room.assert_broadcast("left", &json!({"name": "ann", "reason": "Stopped(Normal)"})).await;
    says(
        &of(room.assert_reply(&silent, "ok", &())).await,
        r#"
        no reply to "silent" on "kit:1" came before the channel was closed

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    says(
        &of(room.assert_broadcast("said", &said("hi"))).await,
        r#"
        the broadcast "said" on "kit:1" with {"text":"hi"} did not come within 100ms
          the channel was closed before

        nothing came to the client (in process) that no assertion has taken
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed() -> TestResult {
    let endpoint = endpoint()?;
    let client = TestClient::connect(&endpoint, "/socket", &json!({"name": "ann"})).await?;
    let (room, _) = client.join("kit:1", &()).await?;
    endpoint.disconnect("user:ann");
    says(
        &of(room.assert_push("said", &())).await,
        r#"
        the push "said" on "kit:1" with {} did not come before the connection was closed

        what came to the client (in process) and no assertion has taken:
          1. the connection was closed with 1001
        "#,
    );
    says(
        &of(client.assert_closed(1012)).await,
        r"
        the connection was to be closed with 1012, and was with 1001

        nothing came to the client (in process) that no assertion has taken
        ",
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_not_answered_or_not_refused() -> TestResult {
    let (client, _room) = join("kit:1").await?;
    client.lose_next_received();
    let unanswered = client.join("kit:2", &()).await.err().map(|error| error.to_string());
    says(
        &Failure { text: unanswered.unwrap_or_default(), place: None },
        r#"
        joining "kit:2" was not answered within 100ms

        what came to the client (in process) and no assertion has taken:
          1. lost on its way, as asked: reply ok to "phx_join" on "kit:2": {"hello":"ann"}
        "#,
    );
    says(
        &of(client.expect_refusal::<Said>("kit:3", &())).await,
        r#"
        joining "kit:3" was to be refused, and was answered ok {"hello":"ann"}
        "#,
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_much_that_came_the_latest_thirty_are_listed() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    for n in 1..=32 {
        room.push("push", &json!({"n": n})).await;
    }
    let failure = of(room.assert_push("never", &())).await;
    let lines: Vec<_> = failure.text.lines().skip(2).collect();
    assert_eq!(
        (lines[0], lines[1], lines[2]),
        (
            "what came to the client (in process) and no assertion has taken:",
            "  … 2 before these",
            r#"  3. push "pushed" on "kit:1": {"n":3}"#
        )
    );
    assert_eq!(lines.len(), 32);
    Ok(())
}

#[test]
fn a_failure_says_how_the_client_is_connected() -> TestResult {
    over_each(async |over| {
        let server = start(over).await?;
        let client = server.connect("/socket", &()).await?;
        let (room, _) = client.join("kit:1", &()).await?;
        client.set_timeout(Duration::from_millis(10));
        says(
            &of(room.assert_push("said", &())).await,
            &format!(
                r#"
                the push "said" on "kit:1" with {{}} did not come within 10ms

                nothing came to the client ({over}) that no assertion has taken
                "#
            ),
        );
        Ok(())
    })
}

/// An `async fn` cannot have its caller tracked, so this is a matter of its own.
#[tokio::test(start_paused = true)]
async fn a_failure_is_reported_at_the_line_that_awaits() -> TestResult {
    let (_client, room) = join("kit:1").await?;
    let line = line!() + 1;
    let failure = of(async { room.assert_push("said", &()).await }).await;
    let (file, reported) = failure.place.ok_or("no place")?;
    assert!(file.ends_with("messages.rs"), "{file}");
    assert_eq!(reported, line);
    Ok(())
}
