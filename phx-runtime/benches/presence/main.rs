//! What one more join costs a room in which many are present already, without what the network costs: to be tracked, to
//! have the others told, and to get the list.

use criterion::{BatchSize, BenchmarkId, Criterion};
use phx_runtime::prelude::*;
use phx_runtime::{ToPayload, Tracked};
use serde_json::json;
use std::error::Error;
use std::time::Duration;
use tokio::runtime::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for members in [1_000, 5_000, 10_000] {
        measure(&mut criterion, members)?;
    }
    criterion.final_summary();
    Ok(())
}

fn measure(criterion: &mut Criterion, members: usize) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().build()?;
    let endpoint = Endpoint::builder().build()?;
    let presence = endpoint.presence();
    let meta = json!({"online_at": 1_700_000_000});
    // Until everybody has been told.
    let settle = async |turns| {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    let present = runtime.block_on(async {
        let present = (0..members).map(|n| presence.track("room", format!("user {n}"), &meta));
        let present = present.collect::<Result<Vec<_>, _>>();
        settle(200).await;
        present
    });
    let present: Vec<Tracked> = present?;
    let come_and_go = || {
        runtime.block_on(async {
            let one_more = presence.track("room", "one more", &meta);
            settle(4).await;
            drop(one_more);
            settle(4).await;
        });
    };
    let _listens = endpoint.subscribe_with("room", 1);
    let mut group = criterion.benchmark_group("one more");
    group.bench_function(BenchmarkId::new("is tracked and leaves", members), |bencher| {
        bencher.iter(come_and_go);
    });
    group.bench_function(BenchmarkId::new("gets the list anew", members), |bencher| {
        let list = |()| presence.list("room").to_payload();
        bencher.iter_batched(come_and_go, list, BatchSize::PerIteration);
    });
    group.bench_function(BenchmarkId::new("gets the list as it was", members), |bencher| {
        bencher.iter(|| presence.list("room").to_payload());
    });
    group.finish();
    drop(present);
    Ok(())
}
