//! Finding the channel of a topic and the handler of an event allocates nothing.

use super::Outcome;
use allocation_counter::measure;
use futures_util::FutureExt;
use phx_runtime::prelude::*;
use phx_runtime::{__bench, Event, HandleError};
use serde::Deserialize;
use std::error::Error;

struct UserSocket;

#[socket]
impl Socket for UserSocket {
    channel!("lobby", Lobby);
    channel!("counter:{id}", Counter);
    channel!("counter:{id}:history", Counter);
    channel!("room:*", Lobby);

    async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
        Ok(Self)
    }
}

struct Lobby;

#[channel(socket = UserSocket)]
impl Lobby {
    #[join("*")]
    fn join() -> Result<Self, Refused> {
        Ok(Self)
    }
}

#[derive(Debug, PartialEq)]
struct Counter {
    id: u64,
    sum: f64,
}

#[derive(Deserialize)]
struct Numbers {
    whole: i64,
    fraction: f64,
    few: [u8; 3],
    maybe: Option<u32>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[channel(socket = UserSocket)]
impl Counter {
    const ADD_TYPED: Event<Numbers> = Event::new("add_typed");

    #[join("counter:{id}")]
    fn start(id: u64) -> Result<Self, Refused> {
        Ok(Self { id, sum: 0.0 })
    }

    #[join("counter:{id}:history")]
    async fn start_history(id: u64) -> Result<Self, Refused> {
        Ok(Self { id, sum: -1.0 })
    }

    #[handle_in("add")]
    fn add(&mut self, numbers: Numbers) {
        let few: f64 = numbers.few.into_iter().map(f64::from).sum();
        self.sum += numbers.fraction + few + f64::from(numbers.maybe.unwrap_or_default());
        self.id = self.id.saturating_add_signed(numbers.whole);
    }

    #[handle_in("add_async")]
    async fn add_async(&mut self, numbers: Numbers, _: &mut Context<Self>) {
        self.add(numbers);
    }

    #[handle_in(Self::ADD_TYPED)]
    async fn add_typed(&mut self, numbers: Numbers) {
        self.add(numbers);
    }

    #[handle_in("one")]
    fn one(&mut self) {
        self.sum += 1.0;
    }

    #[handle_in("one_async")]
    async fn one_async(&mut self) {
        self.sum += 1.0;
    }

    #[handle_in("say")]
    fn say(&mut self, text: Text) {
        self.id = text.body.len() as u64;
    }

    #[handle_in("sum")]
    fn sum(&mut self) -> Result<f64, Refused> {
        Ok(self.sum)
    }
}

const NUMBERS: &str = r#"{"whole":-2,"few":[1,2,3],"fraction":0.5,"maybe":7}"#;

#[test]
fn finding_the_channel_of_a_topic() {
    for (topic, expected) in
        [("lobby", true), ("counter:7:history", true), ("room:1", true), ("nothing", false)]
    {
        let mut found = None;
        assert_eq!(allocations(|| found = Some(__bench::routes::<UserSocket>(topic))), 0, "{topic}");
        assert_eq!(found, Some(expected), "{topic}");
    }
}

#[test]
fn joining_with_a_capture_that_is_a_number() -> Outcome {
    for (topic, sum) in [("counter:7", Some(0.0)), ("counter:7:history", Some(-1.0)), ("counter:x", None)] {
        let mut ctx = __bench::joining(UserSocket, topic)?;
        let mut joined = None;
        let join = || joined = <Counter as Channel>::join(topic, Payload::empty(), &mut ctx).now_or_never();
        let count = allocations(join);
        assert_eq!(count, 0, "{topic}");
        let channel = joined.and_then(Result::ok).map(|joined| joined.channel);
        assert_eq!(channel, sum.map(|sum| Counter { id: 7, sum }), "{topic}");
    }
    Ok(())
}

#[test]
fn an_event_with_numbers() -> Outcome {
    for event in ["add", "add_async", "add_typed"] {
        let (count, channel, handled) = dispatch(event, NUMBERS)?;
        assert_eq!(count, 0, "{event}");
        assert!(matches!(handled, Ok(None)), "{event}");
        assert_eq!(channel, Counter { id: 5, sum: 13.5 }, "{event}");
    }
    Ok(())
}

#[test]
fn an_event_whose_payload_nobody_wants() -> Outcome {
    for event in ["one", "one_async"] {
        let (count, channel, handled) = dispatch(event, NUMBERS)?;
        assert_eq!(count, 0, "{event}");
        assert!(matches!(handled, Ok(None)), "{event}");
        assert_eq!(channel, Counter { id: 7, sum: 1.0 }, "{event}");
    }
    Ok(())
}

#[test]
fn an_event_without_a_handler() -> Outcome {
    let (count, channel, handled) = dispatch("subtract", NUMBERS)?;
    assert_eq!(count, 0);
    assert!(matches!(handled, Err(HandleError::UnmatchedEvent)));
    assert_eq!(channel, Counter { id: 7, sum: 0.0 });
    Ok(())
}

/// What the handler asks for or gives is what allocates: a `String` in a payload, and the JSON of a reply. That it is
/// seen here shows that the other tests would see one too.
#[test]
fn strings_in_payloads_and_replies_do_allocate() -> Outcome {
    let (count, channel, handled) = dispatch("say", r#"{"body":"hello"}"#)?;
    assert_eq!(count, 1);
    assert!(matches!(handled, Ok(None)));
    assert_eq!(channel.id, 5);

    let (count, _, handled) = dispatch("sum", "{}")?;
    assert!(count > 0);
    assert!(matches!(handled, Ok(Some(_))));
    Ok(())
}

type Handled = Result<Option<Reply>, HandleError>;

/// The allocations of one event, the channel after it, and what it has come to.
fn dispatch(event: &str, payload: &str) -> Result<(u64, Counter, Handled), Box<dyn Error>> {
    let mut ctx = __bench::context(UserSocket, "counter:7")?;
    let mut channel = Counter { id: 7, sum: 0.0 };
    let payload = Payload::from_json(payload)?;
    let mut handled = None;
    let count = allocations(|| handled = channel.handle_in(event, payload, &mut ctx).now_or_never());
    Ok((count, channel, handled.ok_or("the handler waits")?))
}

fn allocations(action: impl FnOnce()) -> u64 {
    measure(action).count_total
}
