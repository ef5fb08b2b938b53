//! Messages that a channel sends itself for later, with `send_after`.

use crate::support::signals::{gate, report, reported, wait_at_gate};
use crate::support::{
    Over, SECRET, TestResult, TestServer, apply, each_transport, each_websocket, with_longpoll,
};
use phx_runtime::Timer;
use phx_runtime::prelude::*;
use phx_runtime::testing::{self, TestChannel, over_each};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

struct TimerSocket;

#[socket]
impl Socket for TimerSocket {
    channel!("timer:*", Timing);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// One event for each thing to do with timers.
struct Timing {
    kept: Vec<Timer>,
}

/// Is pushed as the event `fired`.
struct Fire(String);

/// Comes again at once, for ever.
struct Again;

/// The same without a timer.
struct AgainInbox;

/// Tells that it was dropped, and nothing if it was handled.
struct Dropped(String);

impl Drop for Dropped {
    fn drop(&mut self) {
        report(&self.0, "dropped");
    }
}

const LONG: Duration = Duration::from_hours(1);

#[channel(socket = TimerSocket)]
impl Timing {
    #[join("timer:joining:{outcome}")]
    async fn joining(outcome: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        ctx.send_after(Duration::from_millis(1), Fire("second".into()));
        ctx.send_after(Duration::ZERO, Fire("first".into()));
        wait_at_gate(ctx.topic()).await;
        if outcome == "refused" {
            let message = Dropped(ctx.topic().to_owned());
            ctx.send_after(Duration::ZERO, message);
            return Err(Refused::new("no"));
        }
        Ok(Self { kept: Vec::new() })
    }

    #[join("timer:set:{count}")]
    fn set_joining(count: u32, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
        for _ in 0..count {
            ctx.send_after(LONG, Fire(String::new()));
        }
        Ok(Self { kept: Vec::new() })
    }

    #[join("timer:*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self { kept: Vec::new() })
    }

    /// One timer for each pair of a name and milliseconds.
    #[handle_in("set")]
    fn set(&mut self, timers: Vec<(String, u64)>, ctx: &mut Context<Self>) {
        for (name, delay) in timers {
            self.kept.push(ctx.send_after(Duration::from_millis(delay), Fire(name)));
        }
    }

    #[handle_in("set_and_wait")]
    async fn set_and_wait(&mut self, ctx: &mut Context<Self>) -> Result<(), Refused> {
        ctx.send_after(Duration::ZERO, Fire("due".into()));
        report(ctx.topic(), "waiting");
        wait_at_gate(ctx.topic()).await;
        Ok(())
    }

    /// Cancels every timer set so far, and says which of them had yet to fire.
    #[handle_in("cancel")]
    fn cancel(&mut self) -> Result<Vec<bool>, Refused> {
        Ok(self.kept.iter().map(Timer::cancel).collect())
    }

    /// Of two timers with this delay in milliseconds, cancels the first, twice.
    #[handle_in("set_and_cancel")]
    fn set_and_cancel(&mut self, delay: u64, ctx: &mut Context<Self>) -> Result<[bool; 2], Refused> {
        let delay = Duration::from_millis(delay);
        let timer = ctx.send_after(delay, Fire("cancelled".into()));
        ctx.send_after(delay, Fire("kept".into()));
        Ok([timer.cancel(), timer.cancel()])
    }

    #[handle_in("set_long")]
    fn set_long(&mut self, count: u32, ctx: &mut Context<Self>) -> Result<(), Refused> {
        self.kept.extend((0..count).map(|_| ctx.send_after(LONG, Fire(String::new()))));
        Ok(())
    }

    #[handle_in("set_dropped")]
    fn set_dropped(&mut self, ctx: &mut Context<Self>) {
        let message = Dropped(ctx.topic().to_owned());
        ctx.send_after(LONG, message);
    }

    #[handle_in("again")]
    fn start_again(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(Duration::ZERO, Again);
    }

    #[handle_in("again_inbox")]
    fn start_again_inbox(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(AgainInbox);
    }

    #[handle_in("echo")]
    fn echo(&mut self, payload: Payload) -> Result<Payload, Refused> {
        Ok(payload)
    }

    #[handle_in("stop")]
    fn stop(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[handle_info]
    fn fire(&mut self, fire: Fire, ctx: &mut Context<Self>) {
        ctx.push("fired", &serde_json::json!({"name": fire.0}));
    }

    #[handle_info]
    fn again(&mut self, again: Again, ctx: &mut Context<Self>) {
        ctx.send_after(Duration::ZERO, again);
    }

    #[handle_info]
    fn again_inbox(&mut self, again: AgainInbox, ctx: &mut Context<Self>) {
        ctx.notify(again);
    }

    #[handle_info]
    fn dropped(&mut self, dropped: Dropped) {
        std::mem::forget(dropped);
    }

    #[terminate]
    fn ended(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        report(ctx.topic(), format!("{reason:?}"));
    }
}

async fn start() -> Result<TestServer, phx_runtime::ServeError> {
    TestServer::start_socket::<TimerSocket>(|options| options.limits.timers = 3).await
}

/// With the client of the test kit, for what is about time.
async fn join(over: Over) -> Result<(testing::TestServer, TestChannel), Box<dyn std::error::Error>> {
    let endpoint = Endpoint::builder().secret_key_base(SECRET);
    let endpoint = endpoint.socket_with::<TimerSocket>("/socket", with_longpoll).build()?;
    let server = testing::TestServer::start(&endpoint, over).await?;
    let (room, _) = server.connect("/socket", &()).await?.join("timer:1", &()).await?;
    Ok((server, room))
}

#[test]
fn a_timer_fires_after_its_delay_and_holds_nothing_up() -> TestResult {
    over_each(async |over| {
        let (_server, room) = join(over).await?;
        let set = Instant::now();
        room.push("set", &json!([["in an hour", 3_600_000], ["soon", 20]])).await;
        room.assert_push("fired", &json!({"name": "soon"})).await;
        let soon = Duration::from_millis(20);
        // In process to the millisecond, as time is paused.
        assert!(if over.is_in_process() { set.elapsed() == soon } else { set.elapsed() >= soon });
        room.refute_push("fired").await;
        Ok(())
    })
}

#[test]
fn timers_fire_in_the_order_in_which_they_are_due() -> TestResult {
    over_each(async |over| {
        let (_server, room) = join(over).await?;
        for (timers, order) in [
            (json!([["third", 30], ["first", 0], ["second", 15]]), ["first", "second", "third"]),
            (json!([["a", 5], ["b", 5], ["c", 5]]), ["a", "b", "c"]),
        ] {
            room.push("set", &timers).await;
            for name in order {
                let fired: serde_json::Value = room.expect_push("fired").await;
                assert_eq!(fired, json!({"name": name}));
            }
        }
        Ok(())
    })
}

#[apply(each_transport)]
#[tokio::test]
async fn a_timer_that_is_due_while_a_callback_runs_fires_after_it(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:wait").await;
    client.send(r#"["1","2","timer:wait","set_and_wait",{}]"#).await;
    assert_eq!(reported("timer:wait").await, "waiting");
    client.nothing_more().await;
    gate("timer:wait").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","2","timer:wait","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"timer:wait","fired",{"name":"due"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_timer_set_while_joining_fires_after_the_answer(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.send(r#"["1","1","timer:joining:ok","phx_join",{}]"#).await;
    client.nothing_more().await;
    gate("timer:joining:ok").add_permits(1);
    client
        .talk(
            r#"
            <- ["1","1","timer:joining:ok","phx_reply",{"response":{},"status":"ok"}]
            <- ["1",null,"timer:joining:ok","fired",{"name":"first"}]
            <- ["1",null,"timer:joining:ok","fired",{"name":"second"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn the_timers_of_a_join_that_is_refused_are_gone(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    gate("timer:joining:refused").add_permits(1);
    client
        .talk(
            r#"
            -> ["1","1","timer:joining:refused","phx_join",{}]
            <- ["1","1","timer:joining:refused","phx_reply",{"response":{"reason":"no"},"status":"error"}]
            "#,
        )
        .await;
    assert_eq!(reported("timer:joining:refused").await, "dropped");
    client.nothing_more().await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_cancelled_timer_does_not_fire_not_even_when_it_is_due(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:1").await;
    client
        .talk(
            r#"
            -> ["1","2","timer:1","set",[["a",0]]]
            <- ["1",null,"timer:1","fired",{"name":"a"}]
               too late
            -> ["1","3","timer:1","cancel",{}]
            <- ["1","3","timer:1","phx_reply",{"response":[false],"status":"ok"}]
               in time, and once is enough
            -> ["1","4","timer:1","set_and_cancel",5]
            <- ["1","4","timer:1","phx_reply",{"response":[true,false],"status":"ok"}]
            <- ["1",null,"timer:1","fired",{"name":"kept"}]
            -> ["1","5","timer:1","set_and_cancel",0]
            <- ["1","5","timer:1","phx_reply",{"response":[true,false],"status":"ok"}]
            <- ["1",null,"timer:1","fired",{"name":"kept"}]
            "#,
        )
        .await;
    client.nothing_more_from("timer:1").await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn timers_end_with_their_channel(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:end").await;
    client
        .talk(
            r#"
            -> ["1","2","timer:end","set_dropped",{}]
            -> ["1","3","timer:end","stop",{}]
            <- ["1","1","timer:end","phx_close",{}]
            "#,
        )
        .await;
    assert_eq!(reported("timer:end").await, "Stopped(Normal)");
    assert_eq!(reported("timer:end").await, "dropped");
    client.join("timer:end").await;
    client
        .talk(
            r#"
               one that is due when the leave comes
            -> ["1","2","timer:end","set_dropped",{}]
            -> ["1","3","timer:end","phx_leave",{}]
            <- ["1","3","timer:end","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","timer:end","phx_close",{}]
            "#,
        )
        .await;
    let mut end = [reported("timer:end").await, reported("timer:end").await];
    end.sort();
    assert_eq!(end, ["Left", "dropped"]);
    Ok(())
}

#[apply(each_websocket)]
#[tokio::test]
async fn timers_end_with_their_client(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:gone").await;
    client
        .talk(
            r#"
            -> ["1","2","timer:gone","set_dropped",{}]
            -> ["1","3","timer:gone","again",{}]
            "#,
        )
        .await;
    client.nothing_more_from("timer:gone").await;
    drop(client);
    assert_eq!(reported("timer:gone").await, "Closed");
    assert_eq!(reported("timer:gone").await, "dropped");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn a_timer_that_always_comes_again_leaves_the_channel_time_for_its_client(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:again").await;
    client
        .talk(
            r#"
            -> ["1","2","timer:again","again",{}]
            -> ["1","3","timer:again","echo",{}]
            <- ["1","3","timer:again","phx_reply",{"response":{},"status":"ok"}]
               joined again, the first channel notices too
            -> ["2","4","timer:again","phx_join",{}]
            <- ["2","4","timer:again","phx_reply",{"response":{},"status":"ok"}]
            <- ["1","1","timer:again","phx_close",{}]
            "#,
        )
        .await;
    assert_eq!(reported("timer:again").await, "Replaced");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn an_inbox_that_is_never_empty_leaves_the_channel_time_for_its_timers(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:1").await;
    client
        .talk(
            r#"
            -> ["1","2","timer:1","again_inbox",{}]
            -> ["1","3","timer:1","set",[["a",1],["b",2]]]
            <- ["1",null,"timer:1","fired",{"name":"a"}]
            <- ["1",null,"timer:1","fired",{"name":"b"}]
            "#,
        )
        .await;
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn one_timer_more_than_the_limit_ends_the_channel(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client.join("timer:many").await;
    client
        .talk(
            r#"
            -> ["1","2","timer:many","set_long",3]
            <- ["1","2","timer:many","phx_reply",{"response":{},"status":"ok"}]
               one that is cancelled makes room, one that has fired too
            -> ["1","3","timer:many","cancel",{}]
            <- ["1","3","timer:many","phx_reply",{"response":[true,true,true],"status":"ok"}]
            -> ["1","4","timer:many","set",[["a",0]]]
            <- ["1",null,"timer:many","fired",{"name":"a"}]
            -> ["1","5","timer:many","set_long",3]
            <- ["1","5","timer:many","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","6","timer:many","set_long",1]
            <- ["1","1","timer:many","phx_error",{"reason":"channel_crash"}]
            "#,
        )
        .await;
    assert_eq!(reported("timer:many").await, "Crashed");
    Ok(())
}

#[apply(each_transport)]
#[tokio::test]
async fn one_timer_more_than_the_limit_while_joining_is_a_crash_of_the_join(over: Over) -> TestResult {
    let server = start().await?;
    let mut client = server.connect(over).await;
    client
        .talk(
            r#"
            -> ["1","1","timer:set:3","phx_join",{}]
            <- ["1","1","timer:set:3","phx_reply",{"response":{},"status":"ok"}]
            -> ["1","2","timer:set:3","set_long",1]
            <- ["1","1","timer:set:3","phx_error",{"reason":"channel_crash"}]
            -> ["1","1","timer:set:4","phx_join",{}]
            <- ["1","1","timer:set:4","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
            "#,
        )
        .await;
    client.nothing_more().await;
    Ok(())
}
