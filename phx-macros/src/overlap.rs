//! When one pattern hides another, and which topics two have in common.
//!
//! `phx-runtime` asks the same once more of patterns that no single macro sees.

use crate::pattern::{Pattern, Segment, Tail};

/// What a pattern asks of one segment of a topic.
#[derive(Clone, Copy)]
enum Part<'p> {
    Is(&'p str),
    StartsWith(&'p str),
}

const ANYTHING: Part<'static> = Part::StartsWith("");

impl Pattern {
    /// Whether every topic that matches `other` matches this pattern too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let lengths = match (self.is_open(), other.is_open()) {
            (false, false) => self.len() == other.len(),
            (true, _) => self.len() <= other.len(),
            (false, true) => false,
        };
        lengths && (0..other.len()).all(|i| self.part(i).covers(other.part(i)))
    }

    /// A topic that matches both patterns, if there is one.
    pub(crate) fn common_topic(&self, other: &Self) -> Option<String> {
        let lengths = match (self.is_open(), other.is_open()) {
            (false, false) => self.len() == other.len(),
            (false, true) => self.len() >= other.len(),
            (true, false) => self.len() <= other.len(),
            (true, true) => true,
        };
        if !lengths {
            return None;
        }
        let both = (0..self.len().max(other.len())).map(|i| self.part(i).narrower(other.part(i)));
        let texts: Option<Vec<&str>> = both.map(|part| part.map(Part::example)).collect();
        texts.map(|texts| texts.join(":"))
    }

    /// Whether topics may have more segments than [`Pattern::len`].
    fn is_open(&self) -> bool {
        self.tail != Tail::Nothing
    }

    /// How many segments a topic has at least. The one with the `*` counts: there is always one, perhaps empty.
    fn len(&self) -> usize {
        self.segments.len() + usize::from(self.is_open())
    }

    fn part(&self, index: usize) -> Part<'_> {
        match self.segments.get(index) {
            Some(Segment::Literal(text)) => Part::Is(text),
            None if index == self.segments.len() => match &self.tail {
                Tail::Star(prefix) => Part::StartsWith(prefix),
                _ => ANYTHING,
            },
            Some(Segment::Capture(_)) | None => ANYTHING,
        }
    }
}

impl<'p> Part<'p> {
    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Part::Is(a), Part::Is(b)) => a == b,
            (Part::StartsWith(a), Part::Is(b) | Part::StartsWith(b)) => b.starts_with(a),
            (Part::Is(_), Part::StartsWith(_)) => false,
        }
    }

    /// The part that asks for more, or `None` when no text satisfies both.
    fn narrower(self, other: Self) -> Option<Self> {
        match (self.covers(other), other.covers(self)) {
            (true, _) => Some(other),
            (false, true) => Some(self),
            (false, false) => None,
        }
    }

    /// A text that satisfies this part.
    fn example(self) -> &'p str {
        match self {
            Part::StartsWith("") => "1",
            Part::Is(text) | Part::StartsWith(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Errors;
    use proc_macro2::Span;
    use syn::LitStr;

    fn pattern(source: &str) -> Result<Pattern, String> {
        let mut errors = Errors::default();
        let pattern = Pattern::parse(LitStr::new(source, Span::call_site()), &mut errors);
        pattern.ok_or_else(|| format!("{source:?}: {}", errors.into_compile_errors()))
    }

    /// What `phx_runtime::Pattern::matches` does, over again and as plainly as possible.
    fn matches(pattern: &Pattern, topic: &str) -> bool {
        let count = pattern.segments.len();
        let texts: Vec<&str> = topic.split(':').collect();
        let fits = |(segment, text): (&Segment, &&str)| match segment {
            Segment::Literal(literal) => literal == text,
            Segment::Capture(_) => true,
        };
        if texts.len() < count || !pattern.segments.iter().zip(&texts).all(fits) {
            return false;
        }
        match &pattern.tail {
            Tail::Nothing => texts.len() == count,
            Tail::Star(prefix) => texts.len() > count && texts[count..].join(":").starts_with(prefix),
            Tail::Rest(_) => texts.len() > count,
        }
    }

    /// Every string of up to `max_len` characters of `alphabet`.
    fn words(alphabet: &str, max_len: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut start = 0;
        for _ in 0..max_len {
            let end = all.len();
            for i in start..end {
                for letter in alphabet.chars() {
                    all.push(format!("{}{letter}", all[i]));
                }
            }
            start = end;
        }
        all
    }

    #[test]
    fn a_pattern_covers_what_it_makes_unreachable() -> Result<(), String> {
        for (wide, narrow) in [
            ("*", "room:{id}:*"),
            ("room:*", "room:lobby"),
            ("room:*", "room:{id}"),
            ("room:*", "room:a:b"),
            ("room*", "rooms:*"),
            ("room:{id}", "room:lobby"),
            ("room:{id}", "room:{name}"),
            ("room:{id}:*", "room:{id}:{x}"),
            ("room:{rest..}", "room:lob*"),
            ("room:*", "room:{id}:{rest..}"),
            ("{a}:{b}", "room:"),
        ] {
            assert!(pattern(wide)?.covers(&pattern(narrow)?), "{wide:?} covers {narrow:?}");
        }
        for (a, b) in [
            ("room:{id}", "room:*"),
            ("room:lobby", "room:{id}"),
            ("room:*", "room"),
            ("room:{id}", "room:a:b"),
        ] {
            assert!(!pattern(a)?.covers(&pattern(b)?), "{a:?} does not cover {b:?}");
        }
        Ok(())
    }

    #[test]
    fn patterns_may_overlap_without_covering() -> Result<(), String> {
        for (a, b) in [("room:{id}", "room:lob*"), ("a:{x}", "{x}:b"), ("{a}:b:*", "a:{b}:*")] {
            let (a, b) = (pattern(a)?, pattern(b)?);
            assert!(a.common_topic(&b).is_some() && b.common_topic(&a).is_some());
            assert!(!a.covers(&b) && !b.covers(&a));
        }
        for (a, b) in [("room:{id}", "room:a:*"), ("a:*", "b:*"), ("room:lob*", "room:hall*"), ("a", "a:*")] {
            assert!(pattern(a)?.common_topic(&pattern(b)?).is_none(), "{a:?} and {b:?}");
        }
        Ok(())
    }

    /// Two letters beside the ones in the patterns make "anything else" visible; four characters more than any
    /// pattern here is long make every way to differ visible.
    #[test]
    fn coverage_agrees_with_trying_every_topic() {
        let segments = ["", "a", "ab", "{x}", "{y}"];
        let mut sources: Vec<String> = Vec::new();
        for first in segments {
            sources.push(first.to_owned());
            sources.extend(segments.map(|second| format!("{first}:{second}")));
            sources.extend(
                ["*", "a*", "{r..}", "b*", "a:*", "{y}:*", "{y}:b*"]
                    .map(|second| format!("{first}:{second}")),
            );
        }
        sources.extend(["*", "a*", "ab*", "b*", "{r..}"].map(str::to_owned));
        let patterns: Vec<Pattern> = sources.iter().filter_map(|source| pattern(source).ok()).collect();
        assert!(patterns.len() > 50);

        let topics = words("ab:c", 6);
        let matched: Vec<Vec<bool>> = patterns
            .iter()
            .map(|pattern| topics.iter().map(|topic| matches(pattern, topic)).collect())
            .collect();
        for (a, matched_a) in patterns.iter().zip(&matched) {
            for (b, matched_b) in patterns.iter().zip(&matched) {
                let both = || matched_a.iter().zip(matched_b);
                let (a_source, b_source) = (a.source.value(), b.source.value());
                assert_eq!(a.covers(b), both().all(|(a, b)| *a || !b), "{a_source:?} covers {b_source:?}");
                let common = a.common_topic(b);
                assert_eq!(
                    common.is_some(),
                    both().any(|(a, b)| *a && *b),
                    "{a_source:?} overlaps {b_source:?}"
                );
                if let Some(topic) = common {
                    assert!(
                        matches(a, &topic) && matches(b, &topic),
                        "{topic:?} of {a_source:?} and {b_source:?}"
                    );
                }
            }
        }
    }
}
