//! What finding a channel and a handler costs, beside maps that a person would write by hand. The figures and what they
//! mean are in `docs/routing.md`.

mod dispatch;
mod events;
mod patterns;
mod routing;

use criterion::Criterion;
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    dispatch::measure(&mut criterion)?;
    routing::measure(&mut criterion);
    criterion.final_summary();
    Ok(())
}

/// What is looked for in a table: the time depends on where it stands.
fn wanted<T: Copy>(table: &[T], unknown: T) -> [(&'static str, T); 4] {
    let last = table.len() - 1;
    [("first", table[0]), ("middle", table[last / 2]), ("last", table[last]), ("unknown", unknown)]
}
