//! Matching a topic against a pattern that `phx-macros` has already parsed.

use std::fmt;

/// One part of a pattern between two `:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// Must be equal to the topic's segment.
    Literal(&'static str),
    /// Matches any one segment, also an empty one; the string is the capture's name.
    Capture(&'static str),
}

/// A topic pattern, parsed at compile time: `"room:lobby"`, `"room:*"`, `"room:{id}"`, `"room:{id}:{rest..}"`.
///
/// `*` stands only at the end and matches whatever follows, also nothing (`room:*` matches `room:`), as in
/// Phoenix. A `{capture}` is one whole segment between colons; a `{rest..}` at the end is a `*` that captures what it
/// matches. You rarely name this type: `#[socket]` and `#[channel]` write the constants.
///
/// ```
/// use phx_runtime::{Pattern, Segment};
///
/// const ROOM: Pattern = Pattern::exact("room:{id}", &[Segment::Literal("room"), Segment::Capture("id")]);
/// assert_eq!(ROOM.captures("room:7"), Some(["7"]));
/// assert_eq!(ROOM.captures::<1>("room:7:x"), None);
///
/// const ROOMS: Pattern = Pattern::prefix("room:lob*", &[Segment::Literal("room")], "lob");
/// assert!(ROOMS.matches("room:lobby"));
/// assert!(!ROOMS.matches("room:hall"));
///
/// const FILES: Pattern = Pattern::rest("file:{path..}", &[Segment::Literal("file")], "path");
/// assert_eq!(FILES.captures("file:a:b"), Some(["a:b"]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    source: &'static str,
    segments: &'static [Segment],
    tail: Tail,
}

/// What may follow the segments of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tail {
    /// Nothing.
    Nothing,
    /// A segment that begins with this text, and anything after that: the `lob*` of `"room:lob*"`.
    Prefix(&'static str),
    /// One segment at least, captured under this name: the `{rest..}` of `"room:{rest..}"`.
    Rest(&'static str),
}

impl Pattern {
    /// A pattern without `*`: every segment of the topic is spoken for.
    #[must_use]
    pub const fn exact(source: &'static str, segments: &'static [Segment]) -> Self {
        Self { source, segments, tail: Tail::Nothing }
    }

    /// A pattern that ends in `*`: after `segments`, the rest of the topic begins with `prefix`.
    #[must_use]
    pub const fn prefix(source: &'static str, segments: &'static [Segment], prefix: &'static str) -> Self {
        Self { source, segments, tail: Tail::Prefix(prefix) }
    }

    /// A pattern that ends in `{name..}`: after `segments`, the rest of the topic is a capture.
    #[must_use]
    pub const fn rest(source: &'static str, segments: &'static [Segment], name: &'static str) -> Self {
        Self { source, segments, tail: Tail::Rest(name) }
    }

    /// The pattern as it was written.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// The segments that every topic has.
    #[must_use]
    pub const fn segments(&self) -> &'static [Segment] {
        self.segments
    }

    /// What may follow the [segments](Self::segments).
    #[must_use]
    pub const fn tail(&self) -> Tail {
        self.tail
    }

    /// Whether `topic` matches, without collecting captures.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        self.scan(topic, |_| ())
    }

    /// The text of each capture in order, if `topic` matches and the pattern has exactly `N` captures.
    #[must_use]
    pub fn captures<'t, const N: usize>(&self, topic: &'t str) -> Option<[&'t str; N]> {
        let mut found = [""; N];
        let mut count = 0;
        let matched = self.scan(topic, |text| {
            if let Some(slot) = found.get_mut(count) {
                *slot = text;
            }
            count += 1;
        });
        (matched && count == N).then_some(found)
    }

    fn scan<'t>(&self, topic: &'t str, mut captured: impl FnMut(&'t str)) -> bool {
        let mut rest = Some(topic);
        for segment in self.segments {
            let Some(text) = rest else { return false };
            rest = match segment {
                Segment::Literal(literal) => {
                    let Some(after) = text.strip_prefix(literal) else { return false };
                    let tail = after.strip_prefix(':');
                    if tail.is_none() && !after.is_empty() {
                        return false;
                    }
                    tail
                }
                Segment::Capture(_) => {
                    let (head, tail) = match text.split_once(':') {
                        Some((head, tail)) => (head, Some(tail)),
                        None => (text, None),
                    };
                    captured(head);
                    tail
                }
            };
        }
        match (self.tail, rest) {
            (Tail::Nothing, rest) => rest.is_none(),
            // An empty literal has no place in memory. Some processors take longer to compare nothing with nothing
            // there than we take for all the rest, and most patterns end in `:*`.
            (Tail::Prefix(prefix), Some(rest)) => prefix.is_empty() || rest.starts_with(prefix),
            (Tail::Rest(_), Some(rest)) => {
                captured(rest);
                true
            }
            (Tail::Prefix(_) | Tail::Rest(_), None) => false,
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOBBY: Pattern =
        Pattern::exact("room:lobby", &[Segment::Literal("room"), Segment::Literal("lobby")]);
    const ROOMS: Pattern = Pattern::prefix("room:*", &[Segment::Literal("room")], "");
    const ANY: Pattern = Pattern::prefix("*", &[], "");
    const BARE: Pattern = Pattern::prefix("room*", &[], "room");
    const PAIR: Pattern = Pattern::exact(
        "a:{x}:b:{y}",
        &[Segment::Literal("a"), Segment::Capture("x"), Segment::Literal("b"), Segment::Capture("y")],
    );
    const UNDER: Pattern =
        Pattern::prefix("room:{id}:*", &[Segment::Literal("room"), Segment::Capture("id")], "");

    #[test]
    fn an_exact_pattern_matches_only_itself() {
        assert!(LOBBY.matches("room:lobby"));
        for topic in ["room:lobb", "room:lobbyx", "room:lobby:", "room", "", "xroom:lobby"] {
            assert!(!LOBBY.matches(topic), "{topic:?}");
        }
    }

    #[test]
    fn a_star_matches_any_rest_also_an_empty_one() {
        for topic in ["room:", "room:1", "room:1:2"] {
            assert!(ROOMS.matches(topic), "{topic:?}");
        }
        for topic in ["room", "rooms:1", ""] {
            assert!(!ROOMS.matches(topic), "{topic:?}");
        }
        assert!(ANY.matches("") && ANY.matches("a:b"));
        assert!(BARE.matches("room") && BARE.matches("rooms:1") && !BARE.matches("roo"));
    }

    #[test]
    fn captures_are_whole_segments_in_order() {
        assert_eq!(PAIR.captures("a:1:b:2"), Some(["1", "2"]));
        assert_eq!(PAIR.captures("a::b:"), Some(["", ""]));
        assert_eq!(PAIR.captures::<2>("a:1:c:2"), None);
        assert_eq!(PAIR.captures::<2>("a:1:b:2:3"), None);
        assert_eq!(UNDER.captures("room:7:x:y"), Some(["7"]));
        assert_eq!(UNDER.captures::<1>("room:7"), None);
    }

    #[test]
    fn a_rest_is_all_that_follows() {
        const REST: Pattern =
            Pattern::rest("room:{id}:{rest..}", &[Segment::Literal("room"), Segment::Capture("id")], "rest");
        const ALL: Pattern = Pattern::rest("{all..}", &[], "all");
        assert_eq!(REST.captures("room:7:x:y"), Some(["7", "x:y"]));
        assert_eq!(REST.captures("room:7:"), Some(["7", ""]));
        assert_eq!(REST.captures::<2>("room:7"), None);
        assert_eq!(ALL.captures("a:b"), Some(["a:b"]));
        assert_eq!(ALL.captures(""), Some([""]));
    }

    #[test]
    fn asking_for_another_number_of_captures_is_no_match() {
        assert_eq!(PAIR.captures::<1>("a:1:b:2"), None);
        assert_eq!(PAIR.captures::<3>("a:1:b:2"), None);
        assert_eq!(LOBBY.captures("room:lobby"), Some([]));
    }
}
