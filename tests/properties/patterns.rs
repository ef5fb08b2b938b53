//! Topic patterns: what `phx-macros` says of two of them against what `phx-runtime` does with topics.

use crate::errors::Errors;
use crate::pattern;
use phx_runtime::{Pattern, Segment};
use proc_macro2::Span;
use quote::ToTokens;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use syn::{Expr, ExprCall, Lit, LitStr};

/// The input is lines: two patterns, then topics. Matching agrees with comparing segment by segment; one pattern covers
/// another exactly if it matches all that the other does, and they have a common topic exactly if some topic matches
/// both.
///
/// # Panics
/// If that does not hold.
pub fn patterns(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let (Some(a), Some(b)) = (lines.next().and_then(Both::read), lines.next().and_then(Both::read)) else {
        return;
    };
    let common = a.parsed.common_topic(&b.parsed);
    assert_eq!(common.is_some(), b.parsed.common_topic(&a.parsed).is_some());

    let mut topics: Vec<String> = lines.map(str::to_owned).collect();
    topics.extend(examples(a.source, b.source));
    topics.extend(examples(b.source, a.source));
    topics.extend(common.clone());
    let matched: Vec<(bool, bool)> =
        topics.iter().map(|topic| (a.matches(topic), b.matches(topic))).collect();

    let only_b = matched.contains(&(false, true));
    assert_eq!(a.parsed.covers(&b.parsed), !only_b, "{:?} covers {:?}", a.source, b.source);
    let only_a = matched.contains(&(true, false));
    assert_eq!(b.parsed.covers(&a.parsed), !only_a, "{:?} covers {:?}", b.source, a.source);
    let both = matched.contains(&(true, true));
    assert_eq!(common.is_some(), both, "{:?} and {:?} have a common topic", a.source, b.source);
    assert!(common.is_none_or(|topic| a.matches(&topic) && b.matches(&topic)));
    assert_eq!(a.running.overlaps(&b.running), both, "{:?} and {:?} overlap", a.source, b.source);
    assert_eq!(b.running.overlaps(&a.running), both, "{:?} and {:?} overlap", b.source, a.source);
}

/// A pattern as the macros see it and as it runs.
struct Both<'s> {
    source: &'s str,
    parsed: pattern::Pattern,
    running: Pattern,
}

impl<'s> Both<'s> {
    fn read(source: &'s str) -> Option<Self> {
        let mut errors = Errors::default();
        let parsed = pattern::Pattern::parse(LitStr::new(source, Span::call_site()), &mut errors);
        assert_eq!(parsed.is_none(), errors.count() > 0, "a pattern or its mistakes");
        // The number of examples grows with the number of segments.
        let parsed = parsed.filter(|_| source.len() <= 64)?;
        assert_eq!(parsed.captures().collect::<Vec<_>>(), captures(source));
        let running = run(&parsed)?;
        assert_eq!(running.source(), source);
        Some(Self { source, parsed, running })
    }

    /// Whether a topic matches, by the pattern itself and by its source.
    fn matches(&self, topic: &str) -> bool {
        let captured = compare(self.source, topic);
        assert_eq!(self.running.matches(topic), captured.is_some(), "{:?}, {topic:?}", self.source);
        let of_each_number = [
            self.running.captures::<0>(topic).map(Vec::from),
            self.running.captures::<1>(topic).map(Vec::from),
            self.running.captures::<2>(topic).map(Vec::from),
            self.running.captures::<3>(topic).map(Vec::from),
        ];
        for (number, texts) in of_each_number.into_iter().enumerate() {
            let expected = captured.clone().filter(|captured| captured.len() == number);
            assert_eq!(texts, expected, "{number} captures of {:?} in {topic:?}", self.source);
        }
        captured.is_some()
    }
}

/// The segments of a pattern, and the text before the `*` if there is one; a `{rest..}` is one after no text.
fn split(source: &str) -> (Vec<&str>, Option<&str>) {
    let mut segments: Vec<&str> = source.strip_suffix('*').unwrap_or(source).split(':').collect();
    let prefix = if source.ends_with('*') || source.ends_with("..}") { segments.pop() } else { None };
    (segments, prefix.map(|text| if is_capture(text) { "" } else { text }))
}

/// The name in a `{rest..}` at the end.
fn rest(source: &str) -> Option<&str> {
    source.rsplit(':').next()?.strip_prefix('{')?.strip_suffix("..}")
}

fn is_capture(segment: &str) -> bool {
    segment.starts_with('{')
}

fn captures(source: &str) -> Vec<&str> {
    let names = split(source).0.into_iter().filter(|segment| is_capture(segment));
    names.map(|segment| segment.trim_matches(['{', '}'])).chain(rest(source)).collect()
}

/// The captured texts, if the topic matches.
fn compare<'t>(source: &str, topic: &'t str) -> Option<Vec<&'t str>> {
    let (segments, prefix) = split(source);
    let texts: Vec<&str> = topic.split(':').collect();
    let left = texts.get(segments.len()..)?;
    let fits = match prefix {
        None => left.is_empty(),
        Some(prefix) => !left.is_empty() && left.join(":").starts_with(prefix),
    };
    let mut captured = Vec::new();
    for (segment, text) in segments.into_iter().zip(texts) {
        if is_capture(segment) {
            captured.push(text);
        } else if segment != text {
            return None;
        }
    }
    if fits && rest(source).is_some() {
        let taken: usize = split(source).0.iter().zip(topic.split(':')).map(|(_, text)| text.len() + 1).sum();
        captured.push(&topic[taken..]);
    }
    fits.then_some(captured)
}

/// Topics that match `source`, such that one of them does not match `other` if there is any such topic, and one does if
/// there is any.
fn examples(source: &str, other: &str) -> Vec<String> {
    let ((segments, prefix), (other_segments, other_prefix)) = (split(source), split(other));
    // In neither pattern, which are shorter than this range, so what holds it is equal to no literal and begins with no prefix.
    let new =
        ('\u{E000}'..='\u{E0FF}').find(|c| !source.contains(*c) && !other.contains(*c)).map(String::from);
    let new = new.unwrap_or_default();
    let others = |index: usize| match other_segments.get(index) {
        Some(text) if !is_capture(text) => text,
        None if index == other_segments.len() => other_prefix.unwrap_or(&new),
        _ => new.as_str(),
    };
    let least = segments.len() + usize::from(prefix.is_some());
    let most = if prefix.is_some() { least.max(other_segments.len() + 1) + 1 } else { least };
    let mut examples = Vec::new();
    for length in least..=most {
        let fill = |text: &dyn Fn(usize) -> String| {
            let text = |index: usize| match segments.get(index) {
                Some(segment) if !is_capture(segment) => (*segment).to_owned(),
                None if index == segments.len() => {
                    let (prefix, text) = (prefix.unwrap_or_default(), text(index));
                    if text.starts_with(prefix) { text } else { prefix.to_owned() + &text }
                }
                _ => text(index),
            };
            (0..length).map(text).collect::<Vec<_>>().join(":")
        };
        examples.push(fill(&|_| new.clone()));
        examples.push(fill(&|index| others(index).to_owned()));
        examples.push(fill(&|_| String::new()));
    }
    examples
}

/// The pattern as the code that a macro writes would have it. A running pattern is a constant, so its parts are leaked:
/// each pattern once, and no more than a fuzzer can be given memory for.
fn run(parsed: &pattern::Pattern) -> Option<Pattern> {
    const MOST: usize = 1_000_000;
    static PATTERNS: LazyLock<Mutex<HashMap<String, Pattern>>> = LazyLock::new(Mutex::default);
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    let source = parsed.source.value();
    if let Some(pattern) = patterns.get(&source) {
        return Some(*pattern);
    }
    if patterns.len() == MOST {
        return None;
    }
    let pattern = call(&parsed.to_token_stream().to_string()).and_then(|(function, arguments)| {
        let mut arguments = arguments.into_iter();
        let source = string(arguments.next()?)?;
        let segments = segments(arguments.next()?)?.leak();
        Some(match function.as_str() {
            "exact" => Pattern::exact(source, segments),
            "rest" => Pattern::rest(source, segments, string(arguments.next()?)?),
            "prefix" => Pattern::prefix(source, segments, string(arguments.next()?)?),
            _ => return None,
        })
    });
    let Some(pattern) = pattern else { panic!("unexpected expansion {}", parsed.to_token_stream()) };
    patterns.insert(source, pattern);
    Some(pattern)
}

/// The name of the function and the arguments.
fn call(code: &str) -> Option<(String, Vec<Expr>)> {
    let call: ExprCall = syn::parse_str(code).ok()?;
    let Expr::Path(path) = *call.func else { return None };
    Some((path.path.segments.last()?.ident.to_string(), call.args.into_iter().collect()))
}

fn string(expression: Expr) -> Option<&'static str> {
    match expression {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(text) => Some(text.value().leak()),
            _ => None,
        },
        _ => None,
    }
}

fn segments(expression: Expr) -> Option<Vec<Segment>> {
    let Expr::Reference(reference) = expression else { return None };
    let Expr::Array(array) = *reference.expr else { return None };
    let segment = |element: Expr| {
        let (function, arguments) = call(&element.to_token_stream().to_string())?;
        let text = string(arguments.into_iter().next()?)?;
        match function.as_str() {
            "Literal" => Some(Segment::Literal(text)),
            "Capture" => Some(Segment::Capture(text)),
            _ => None,
        }
    };
    array.elems.into_iter().map(segment).collect()
}
