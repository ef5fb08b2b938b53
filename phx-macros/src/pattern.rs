//! The topic grammar, and when one pattern hides another.
//!
//! ```text
//! pattern = segment (":" segment)*      the last segment may be "*", or text that ends in "*"
//! segment = text | "{" name "}"         no "*", "{" or "}" in text
//! ```

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Ident, LitStr};

/// One topic pattern and the literal it was written as.
pub(crate) struct Pattern {
    pub(crate) source: LitStr,
    segments: Vec<Segment>,
    /// `Some` when the pattern ends in `*`: the text before it in the last segment.
    prefix: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Capture(String),
}

// parse

impl Pattern {
    /// Reads a pattern. `None` after its mistakes were noted.
    pub(crate) fn parse(source: LitStr, errors: &mut Errors) -> Option<Self> {
        match parse(&source.value()) {
            Ok((segments, prefix)) => Some(Self { source, segments, prefix }),
            Err(problems) => {
                for problem in problems {
                    errors.at(&source, problem);
                }
                None
            }
        }
    }

    /// The names of the captures, in order.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Capture(name) => Some(name.as_str()),
        })
    }
}

type Parsed = (Vec<Segment>, Option<String>);

fn parse(source: &str) -> Result<Parsed, Vec<String>> {
    let (body, ends_in_star) = match source.strip_suffix('*') {
        Some(body) => (body, true),
        None => (source, false),
    };
    if source.is_empty() {
        return Err(vec!["a topic pattern cannot be empty: write `\"*\"` for every topic".to_owned()]);
    }
    if body.contains('*') {
        return Err(vec!["`*` must be the last character of a topic pattern".to_owned()]);
    }

    let mut texts: Vec<&str> = body.split(':').collect();
    let last = if ends_in_star { texts.pop() } else { None };
    let mut problems = Vec::new();
    let mut segments = Vec::new();
    for text in texts {
        match parse_segment(text) {
            Ok(Segment::Capture(name)) if segments.contains(&Segment::Capture(name.clone())) => {
                problems.push(format!("two captures of this pattern are named `{name}`: rename one of them"));
            }
            Ok(segment) => segments.push(segment),
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(text) = last
        && text.contains(['{', '}'])
    {
        // A well-formed capture is still wrong here, because the `*` stands in its segment.
        problems.push(parse_segment(text).err().unwrap_or_else(|| text_around_capture(&format!("{text}*"))));
    }
    if problems.is_empty() { Ok((segments, last.map(str::to_owned))) } else { Err(problems) }
}

fn parse_segment(text: &str) -> Result<Segment, String> {
    let (Some(open), Some(close)) = (text.find('{'), text.rfind('}')) else {
        return match text.find(['{', '}']) {
            None => Ok(Segment::Literal(text.to_owned())),
            Some(_) => Err(format!("`{text}` has an unmatched brace: a capture is written `{{name}}`")),
        };
    };
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        _ if close < open => Err(format!("`{text}` has an unmatched brace: a capture is written `{{name}}`")),
        Some(name) if !name.contains(['{', '}']) => parse_capture_name(name).map(Segment::Capture),
        _ => Err(text_around_capture(text)),
    }
}

fn text_around_capture(text: &str) -> String {
    format!("a capture must be a whole segment: `{text}` has text around it")
}

/// A capture is received by an argument of its name, so it must be a name an argument can have.
fn parse_capture_name(name: &str) -> Result<String, String> {
    if name.is_empty() || name == "_" {
        return Err(
            "a capture needs a name: write `{id}`, and `#[join]` takes it as the argument `id`".to_owned()
        );
    }
    if is_name(name) {
        return Ok(name.to_owned());
    }
    let guess: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let hint = if is_name(&guess) { format!(": did you mean `{{{guess}}}`?") } else { String::new() };
    Err(format!("`{name}` cannot be the name of a capture, since it cannot name an argument{hint}"))
}

fn is_name(text: &str) -> bool {
    // A keyword is fine: `#[join("{type}")] fn join(r#type: String)`.
    !text.starts_with("r#") && Ident::parse_any.parse_str(text).is_ok_and(|name| name == text)
}

// check

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
        self.prefix.is_some()
    }

    /// How many segments a topic has at least. The one with the `*` counts: there is always one, perhaps empty.
    fn len(&self) -> usize {
        self.segments.len() + usize::from(self.is_open())
    }

    fn part(&self, index: usize) -> Part<'_> {
        match self.segments.get(index) {
            Some(Segment::Literal(text)) => Part::Is(text),
            None if index == self.segments.len() => self.prefix.as_deref().map_or(ANYTHING, Part::StartsWith),
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

// expand

impl ToTokens for Pattern {
    /// A constant expression of type `::phx_runtime::Pattern`.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { source, segments, prefix } = self;
        tokens.extend(match prefix {
            None => quote!(::phx_runtime::Pattern::exact(#source, &[#(#segments),*])),
            Some(prefix) => quote!(::phx_runtime::Pattern::prefix(#source, &[#(#segments),*], #prefix)),
        });
    }
}

impl ToTokens for Segment {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Literal(text) => quote!(::phx_runtime::Segment::Literal(#text)),
            Self::Capture(name) => quote!(::phx_runtime::Segment::Capture(#name)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    fn pattern(source: &str) -> Result<Pattern, Vec<String>> {
        let (segments, prefix) = parse(source)?;
        Ok(Pattern { source: LitStr::new(source, Span::call_site()), segments, prefix })
    }

    fn problems(source: &str) -> Vec<String> {
        pattern(source).err().unwrap_or_default()
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
        match &pattern.prefix {
            None => texts.len() == count,
            Some(prefix) => texts.len() > count && texts[count..].join(":").starts_with(prefix),
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
    fn a_pattern_is_segments_and_perhaps_a_star() -> Result<(), Vec<String>> {
        let literal = |text: &str| Segment::Literal(text.to_owned());
        let capture = |name: &str| Segment::Capture(name.to_owned());
        for (source, segments, prefix) in [
            ("room", vec![literal("room")], None),
            ("room:lobby", vec![literal("room"), literal("lobby")], None),
            ("room:", vec![literal("room"), literal("")], None),
            ("room:{id}", vec![literal("room"), capture("id")], None),
            ("a:{x}:b:{y}", vec![literal("a"), capture("x"), literal("b"), capture("y")], None),
            ("{type}", vec![capture("type")], None),
            ("room:*", vec![literal("room")], Some("")),
            ("room:lob*", vec![literal("room")], Some("lob")),
            ("room:{id}:*", vec![literal("room"), capture("id")], Some("")),
            ("room*", vec![], Some("room")),
            ("*", vec![], Some("")),
        ] {
            let parsed = pattern(source)?;
            assert_eq!(parsed.segments, segments, "{source:?}");
            assert_eq!(parsed.prefix.as_deref(), prefix, "{source:?}");
        }
        Ok(())
    }

    #[test]
    fn each_mistake_says_what_is_wrong() {
        for (source, part_of_message) in [
            ("", "cannot be empty"),
            ("room:*:x", "`*` must be the last"),
            ("**", "`*` must be the last"),
            ("room:x{id}", "`x{id}` has text around it"),
            ("room:{id}x", "`{id}x` has text around it"),
            ("room:{a}{b}", "`{a}{b}` has text around it"),
            ("room:{id}*", "`{id}*` has text around it"),
            ("room:{id", "unmatched brace"),
            ("room:id}", "unmatched brace"),
            ("room:}id{", "unmatched brace"),
            ("room:{id*", "unmatched brace"),
            ("room:{a:b}", "unmatched brace"),
            ("room:{}", "needs a name"),
            ("room:{_}", "needs a name"),
            ("room:{1}", "cannot be the name of a capture"),
            ("room:{ id }", "cannot be the name of a capture"),
            ("room:{room-id}", "did you mean `{room_id}`?"),
            ("room:{r#type}", "cannot be the name of a capture"),
            ("{id}:{id}", "two captures of this pattern are named `id`"),
        ] {
            let found = problems(source);
            assert!(
                found.iter().any(|problem| problem.contains(part_of_message)),
                "{source:?}: {found:?} lacks {part_of_message:?}"
            );
        }
    }

    #[test]
    fn all_mistakes_of_a_pattern_are_reported() {
        assert_eq!(problems("{}:x{id}:{a-b}").len(), 3);
    }

    #[test]
    fn a_pattern_covers_what_it_makes_unreachable() -> Result<(), Vec<String>> {
        for (wide, narrow) in [
            ("*", "room:{id}:*"),
            ("room:*", "room:lobby"),
            ("room:*", "room:{id}"),
            ("room:*", "room:a:b"),
            ("room*", "rooms:*"),
            ("room:{id}", "room:lobby"),
            ("room:{id}", "room:{name}"),
            ("room:{id}:*", "room:{id}:{x}"),
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
    fn patterns_may_overlap_without_covering() -> Result<(), Vec<String>> {
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
                ["*", "a*", "b*", "a:*", "{y}:*", "{y}:b*"].map(|second| format!("{first}:{second}")),
            );
        }
        sources.extend(["*", "a*", "ab*", "b*"].map(str::to_owned));
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
