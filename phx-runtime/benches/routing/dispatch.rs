//! From an event to its handler: the `handle_in` that `#[channel]` writes, and a map of boxed handlers.

use crate::events::{
    ByHand, Five, FiveAsync, Handled, Handler, Hundred, HundredAsync, Twenty, TwentyAsync, UserSocket,
};
use crate::wanted;
use criterion::Criterion;
use phx_runtime::{__bench, HandleError, Payload};
use serde::Deserialize;
use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub(crate) fn measure(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    compare::<Five>(criterion, "plain")?;
    compare::<Twenty>(criterion, "plain")?;
    compare::<Hundred>(criterion, "plain")?;
    compare::<FiveAsync>(criterion, "async")?;
    compare::<TwentyAsync>(criterion, "async")?;
    compare::<HundredAsync>(criterion, "async")?;
    decode(criterion)
}

fn compare<C: ByHand>(criterion: &mut Criterion, kind: &str) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group(format!("{} {kind} events", C::EVENTS.len()));
    let mut ctx = __bench::context::<C>(UserSocket, "room:1")?;
    let map = C::by_hand();
    // Hidden from the compiler, which would know there is nothing to drop.
    let payload = black_box(Payload::empty());
    let mut channel = C::default();
    for (place, event) in wanted(C::EVENTS, "no_such_event") {
        let exists = place != "unknown";
        let mut generated = |event: &str| {
            let handled = pin!(channel.handle_in(event, payload.clone(), &mut ctx));
            is_handled(&handled.poll(&mut Context::from_waker(Waker::noop())))
        };
        assert_eq!(generated(event), exists);
        group.bench_function(format!("{place}, generated"), |bencher| {
            bencher.iter(|| generated(black_box(event)));
        });
        let mut by_hand = |event: &str| match map.get(event) {
            Some(handler) => is_handled(&handler.call(&mut channel, payload.clone(), &mut ctx)),
            None => is_handled(&Poll::Ready(Err(HandleError::UnmatchedEvent))),
        };
        assert_eq!(by_hand(event), exists);
        group.bench_function(format!("{place}, by hand"), |bencher| {
            bencher.iter(|| by_hand(black_box(event)));
        });
    }
    group.finish();
    Ok(())
}

fn is_handled(handled: &Poll<Handled>) -> bool {
    matches!(handled, Poll::Ready(Ok(_)))
}

/// What comes on top for a handler that takes a payload, whoever calls it.
fn decode(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Move {
        x: u32,
        y: u32,
    }
    let payload = Payload::from_json(r#"{"x":17,"y":4}"#)?;
    criterion.bench_function("decode two numbers", |bencher| {
        bencher.iter(|| black_box(&payload).decode::<Move>().map(|Move { x, y }| x + y));
    });
    Ok(())
}
