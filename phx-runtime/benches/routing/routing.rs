//! From a topic to its channel, when a client joins: the table that `#[socket]` writes, a list of prefixes, and a map by
//! what is before the first colon.

use crate::patterns::{Fifty, Listed, Ten, Three};
use crate::wanted;
use criterion::Criterion;
use phx_runtime::__bench;
use std::collections::HashMap;
use std::hint::black_box;

/// As much as a server by hand needs to start a channel.
type Start = Box<dyn Fn(&str) -> usize + Send + Sync>;

pub(crate) fn measure(criterion: &mut Criterion) {
    compare::<Three>(criterion);
    compare::<Ten>(criterion);
    compare::<Fifty>(criterion);
}

fn compare<S: Listed>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("{} patterns", S::PATTERNS.len()));
    let prefixes: Vec<&str> = S::PATTERNS.iter().map(|pattern| pattern.trim_end_matches('*')).collect();
    let list: Vec<(String, Start)> =
        prefixes.iter().map(|prefix| ((*prefix).to_owned(), start(prefix))).collect();
    let map: HashMap<String, Start> =
        prefixes.iter().map(|prefix| (prefix.trim_end_matches(':').to_owned(), start(prefix))).collect();
    let find_in_list =
        |topic: &str| list.iter().find(|(prefix, _)| topic.starts_with(prefix)).map(|(_, start)| start);
    let find_in_map = |topic: &str| map.get(topic.split_once(':')?.0);
    for (place, prefix) in wanted(&prefixes, "unknown:") {
        let topic = &format!("{prefix}1234");
        let exists = place != "unknown";
        assert_eq!(__bench::routes::<S>(topic), exists);
        assert_eq!(find_in_list(topic).is_some(), exists);
        assert_eq!(find_in_map(topic).is_some(), exists);
        group.bench_function(format!("{place}, generated"), |bencher| {
            bencher.iter(|| __bench::routes::<S>(black_box(topic)));
        });
        group.bench_function(format!("{place}, list by hand"), |bencher| {
            bencher.iter(|| find_in_list(black_box(topic)).is_some());
        });
        group.bench_function(format!("{place}, map by hand"), |bencher| {
            bencher.iter(|| find_in_map(black_box(topic)).is_some());
        });
    }
    group.finish();
}

fn start(prefix: &'static str) -> Start {
    Box::new(move |topic| topic.len() - prefix.len())
}
