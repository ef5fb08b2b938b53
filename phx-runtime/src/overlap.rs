//! Which topics two patterns share, decided while the program compiles: is there a join for what a line routes?
//!
//! `phx-macros` asks the same of the patterns within one macro, where it can also show a topic as an example.

use crate::const_text::{is_same, starts_with};
use crate::topic::{Pattern, Segment, Tail};

/// What a pattern asks of one segment of a topic.
#[derive(Clone, Copy)]
enum Part {
    Is(&'static str),
    StartsWith(&'static str),
}

impl Pattern {
    /// Whether some topic matches both patterns.
    ///
    /// ```
    /// use phx_runtime::{Pattern, Segment};
    ///
    /// const ROOMS: Pattern = Pattern::prefix("room:*", &[Segment::Literal("room")], "");
    /// const LOBBY: Pattern = Pattern::exact("room:lobby", &[Segment::Literal("room"), Segment::Literal("lobby")]);
    /// const HALL: Pattern = Pattern::exact("hall", &[Segment::Literal("hall")]);
    /// assert!(ROOMS.overlaps(&LOBBY) && !HALL.overlaps(&ROOMS));
    /// ```
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        let (own_len, other_len) = (self.len(), other.len());
        let lengths = match (self.is_open(), other.is_open()) {
            (false, false) => own_len == other_len,
            (false, true) => own_len >= other_len,
            (true, false) => own_len <= other_len,
            (true, true) => true,
        };
        let longer = if own_len > other_len { own_len } else { other_len };
        let mut i = 0;
        while lengths && i < longer {
            let (own, others) = (self.part(i), other.part(i));
            if !own.covers(others) && !others.covers(own) {
                return false;
            }
            i += 1;
        }
        lengths
    }

    /// Whether every topic that matches both `a` and `b`, which overlap, matches this pattern too.
    pub(crate) const fn covers_common(&self, a: &Self, b: &Self) -> bool {
        let longer = if a.len() > b.len() { a.len() } else { b.len() };
        let lengths = match (self.is_open(), a.is_open() && b.is_open()) {
            (false, false) => self.len() == longer,
            (true, _) => self.len() <= longer,
            (false, true) => false,
        };
        let mut i = 0;
        while lengths && i < longer {
            let (a, b) = (a.part(i), b.part(i));
            let narrower = if a.covers(b) { b } else { a };
            if !self.part(i).covers(narrower) {
                return false;
            }
            i += 1;
        }
        lengths
    }

    /// Whether topics may have more segments than [`len`](Self::len).
    const fn is_open(&self) -> bool {
        !matches!(self.tail(), Tail::Nothing)
    }

    /// How many segments a topic has at least. The one with the `*` counts: there is always one, perhaps empty.
    const fn len(&self) -> usize {
        if self.is_open() { self.segments().len() + 1 } else { self.segments().len() }
    }

    const fn part(&self, index: usize) -> Part {
        let segments = self.segments();
        if index < segments.len() {
            return match segments[index] {
                Segment::Literal(text) => Part::Is(text),
                Segment::Capture(_) => Part::StartsWith(""),
            };
        }
        match self.tail() {
            Tail::Prefix(prefix) if index == segments.len() => Part::StartsWith(prefix),
            _ => Part::StartsWith(""),
        }
    }
}

impl Part {
    const fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Is(own), Self::Is(other)) => is_same(own, other),
            (Self::StartsWith(own), Self::Is(other) | Self::StartsWith(other)) => starts_with(other, own),
            (Self::Is(_), Self::StartsWith(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Segment::{Capture, Literal};

    /// Patterns of up to three segments, of two letters; topics have a third, to be anything else.
    fn patterns() -> Vec<Pattern> {
        let segments: [&[Segment]; 9] = [
            &[],
            &[Literal("a")],
            &[Literal("b")],
            &[Capture("x")],
            &[Literal("")],
            &[Literal("a"), Literal("b")],
            &[Literal("a"), Capture("x")],
            &[Capture("x"), Literal("a")],
            &[Capture("x"), Capture("y")],
        ];
        let mut patterns: Vec<Pattern> = Vec::new();
        for segments in segments {
            if !segments.is_empty() {
                patterns.push(Pattern::exact("", segments));
            }
            patterns.push(Pattern::rest("", segments, "rest"));
            patterns.extend(["", "a"].map(|prefix| Pattern::prefix("", segments, prefix)));
        }
        patterns
    }

    /// Every topic of up to six characters, one more than any pattern here asks for.
    fn topics() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut start = 0;
        for _ in 0..6 {
            let end = all.len();
            for i in start..end {
                all.extend(["a", "b", "c", ":"].map(|letter| format!("{}{letter}", all[i])));
            }
            start = end;
        }
        all
    }

    #[test]
    fn what_patterns_have_in_common_agrees_with_trying_every_topic() {
        let (patterns, topics) = (patterns(), topics());
        let matched =
            |pattern: &Pattern| topics.iter().map(|topic| pattern.matches(topic)).collect::<Vec<_>>();
        let matched: Vec<Vec<bool>> = patterns.iter().map(matched).collect();
        for (a, of_a) in patterns.iter().zip(&matched) {
            for (b, of_b) in patterns.iter().zip(&matched) {
                let common: Vec<usize> =
                    (0..topics.len()).filter(|topic| of_a[*topic] && of_b[*topic]).collect();
                assert_eq!(a.overlaps(b), !common.is_empty(), "{:?} {:?}", a.shown(), b.shown());
                for (wide, of_wide) in patterns.iter().zip(&matched).filter(|_| !common.is_empty()) {
                    let covers = common.iter().all(|topic| of_wide[*topic]);
                    let shown = [wide, a, b].map(Pattern::shown);
                    assert_eq!(wide.covers_common(a, b), covers, "{shown:?}");
                }
            }
        }
    }

    impl Pattern {
        fn shown(&self) -> (&'static [Segment], Tail) {
            (self.segments(), self.tail())
        }
    }
}
