//! What is kept of somebody who is present, and what a change costs in a room that is full.

use super::Outcome;
use allocation_counter::measure;
use phx_runtime::prelude::*;
use phx_runtime::{ToPayload, Tracked};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

#[derive(Serialize)]
struct Meta {
    /// As in the reference server.
    online_at: u64,
}

const ROOMS: [usize; 3] = [1_000, 5_000, 10_000];

fn meta() -> Meta {
    Meta { online_at: 1_700_000_000 }
}

/// A room with so many, all told of, on the thread of the test, where allocations are counted.
fn room(members: usize) -> Result<(Runtime, Endpoint, Vec<Tracked>), Box<dyn std::error::Error>> {
    let runtime = Builder::new_current_thread().build()?;
    let endpoint = Endpoint::builder().build()?;
    let presence = endpoint.presence();
    let members = runtime.block_on(async {
        let members = (0..members).map(|n| presence.track("room", format!("user {n}"), &meta()));
        let members = members.collect::<Result<Vec<_>, _>>();
        settle().await;
        members
    })?;
    Ok((runtime, endpoint, members))
}

/// Lets the task run that tells of changes, with some turns for each diff: ten thousand make a few dozen.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn who_is_present_takes_little() -> Outcome {
    for members in ROOMS {
        let mut kept = Err("not made".into());
        let count = measure(|| kept = room(members));
        let kept = kept?;
        let each = count.bytes_current / i64::try_from(members)?;
        println!("{members} present: {each} bytes for each");
        assert!(each < 500, "{each}");
        drop(kept);
    }
    Ok(())
}

/// Nothing is made anew for those who were there before.
#[test]
fn a_change_costs_its_own_size() -> Outcome {
    for members in ROOMS {
        let (runtime, endpoint, _members) = room(members)?;
        let mut outcome = Ok(());
        let count = measure(|| {
            outcome = runtime.block_on(async {
                let one_more = endpoint.presence().track("room", "one more", &meta())?;
                one_more.update(&meta())?;
                settle().await;
                drop(one_more);
                settle().await;
                Ok::<_, phx_runtime::EncodeError>(())
            });
        });
        outcome?;
        println!("one more in a room of {members}: {} bytes allocated", count.bytes_total);
        assert!(count.bytes_total < 10_000, "{count:?}");
    }
    Ok(())
}

/// Who joins gets the whole list, which is written once until something changes.
#[test]
fn a_list_is_written_once_until_something_changes() -> Outcome {
    let (_runtime, endpoint, _members) = room(10_000)?;
    let presence = endpoint.presence();
    let list = presence.list("room").to_payload()?;
    let mut again = Ok(list.clone());
    let count = measure(|| again = presence.list("room").to_payload());
    assert_eq!(again?.as_bytes().len(), list.as_bytes().len());
    println!("the list of 10,000: {} bytes, again: {} allocated", list.as_bytes().len(), count.bytes_total);
    assert!(count.bytes_total < 100, "{count:?}");
    Ok(())
}
