//! The topic grammar.
//!
//! ```text
//! pattern = segment (":" segment)*      the last segment may be "*", text that ends in "*", or "{" name "..}"
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
    pub(crate) segments: Vec<Segment>,
    pub(crate) tail: Tail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Capture(String),
}

/// What may follow the segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tail {
    Nothing,
    /// `*`, and the text before it in the last segment.
    Star(String),
    /// `{name..}`
    Rest(String),
}

// parse

impl Pattern {
    /// Reads a pattern. `None` after its mistakes were noted.
    pub(crate) fn parse(source: LitStr, errors: &mut Errors) -> Option<Self> {
        match parse(&source.value()) {
            Ok((segments, tail)) => Some(Self { source, segments, tail }),
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
        let segments = self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Capture(name) => Some(name.as_str()),
        });
        segments.chain(match &self.tail {
            Tail::Rest(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

type Parsed = (Vec<Segment>, Tail);

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
    let mut problems = Vec::new();
    let mut tail = Tail::Nothing;
    if ends_in_star {
        let text = texts.pop().unwrap_or_default();
        if text.contains(['{', '}']) {
            // A well-formed capture is still wrong here, because the `*` stands in its segment.
            problems.push(match rest_name(text) {
                None => parse_segment(text).err().unwrap_or_else(|| star_in_capture(text)),
                Some(_) => star_in_capture(text),
            });
        }
        tail = Tail::Star(text.to_owned());
    } else if let Some(rest) = texts.last().and_then(|text| rest_name(text)) {
        texts.pop();
        match parse_capture_name(rest) {
            Ok(name) => tail = Tail::Rest(name),
            Err(problem) => problems.push(problem),
        }
    }

    let mut segments = Vec::new();
    for text in texts {
        match parse_segment(text) {
            Ok(segment @ Segment::Capture(_)) if segments.contains(&segment) => problems.push(twice(text)),
            Ok(segment) => segments.push(segment),
            Err(problem) => problems.push(problem),
        }
    }
    if let Tail::Rest(name) = &tail
        && segments.contains(&Segment::Capture(name.clone()))
    {
        problems.push(twice(name));
    }
    if problems.is_empty() { Ok((segments, tail)) } else { Err(problems) }
}

/// The `rest` of `{rest..}`.
fn rest_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix("..}")?;
    (!name.contains(['{', '}'])).then_some(name)
}

fn twice(name: &str) -> String {
    let name = name.trim_matches(['{', '}']);
    format!("two captures of this pattern are named `{name}`: rename one of them")
}

fn star_in_capture(text: &str) -> String {
    if rest_name(text).is_some() {
        return format!("`{text}` takes all that is left of the topic: remove the `*`");
    }
    match text.strip_suffix('}') {
        Some(open) if !open.contains('}') => {
            format!(
                "{}: write `{open}..}}` to capture what the `*` matches",
                text_around_capture(&format!("{text}*"))
            )
        }
        _ => text_around_capture(&format!("{text}*")),
    }
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
    if let Some(rest) = name.strip_suffix("..").filter(|name| is_name(name)) {
        return Err(format!(
            "`{{{rest}..}}` takes all that is left of the topic, so it must be the last segment"
        ));
    }
    let guess: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let hint = if is_name(&guess) { format!(": did you mean `{{{guess}}}`?") } else { String::new() };
    Err(format!("`{name}` cannot be the name of a capture, since it cannot name an argument{hint}"))
}

fn is_name(text: &str) -> bool {
    // Other keywords are fine: `#[join("{type}")] fn join(r#type: String)`.
    let is_never_a_name = ["self", "Self", "super", "crate"].contains(&text) || text.starts_with("r#");
    !is_never_a_name && Ident::parse_any.parse_str(text).is_ok_and(|name| name == text)
}

// expand

impl ToTokens for Pattern {
    /// A constant expression of type `::phx_runtime::Pattern`.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { source, segments, tail } = self;
        tokens.extend(match tail {
            Tail::Nothing => quote!(::phx_runtime::Pattern::exact(#source, &[#(#segments),*])),
            Tail::Star(prefix) => quote!(::phx_runtime::Pattern::prefix(#source, &[#(#segments),*], #prefix)),
            Tail::Rest(name) => quote!(::phx_runtime::Pattern::rest(#source, &[#(#segments),*], #name)),
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

    fn problems(source: &str) -> Vec<String> {
        parse(source).err().unwrap_or_default()
    }

    #[test]
    fn a_pattern_is_segments_and_perhaps_a_star() -> Result<(), Vec<String>> {
        let literal = |text: &str| Segment::Literal(text.to_owned());
        let capture = |name: &str| Segment::Capture(name.to_owned());
        let star = |text: &str| Tail::Star(text.to_owned());
        let rest = |text: &str| Tail::Rest(text.to_owned());
        for (source, segments, tail) in [
            ("room", vec![literal("room")], Tail::Nothing),
            ("room:lobby", vec![literal("room"), literal("lobby")], Tail::Nothing),
            ("room:", vec![literal("room"), literal("")], Tail::Nothing),
            ("room:{id}", vec![literal("room"), capture("id")], Tail::Nothing),
            ("a:{x}:b:{y}", vec![literal("a"), capture("x"), literal("b"), capture("y")], Tail::Nothing),
            ("{type}", vec![capture("type")], Tail::Nothing),
            ("room:*", vec![literal("room")], star("")),
            ("room:lob*", vec![literal("room")], star("lob")),
            ("room:{id}:*", vec![literal("room"), capture("id")], star("")),
            ("room*", vec![], star("room")),
            ("*", vec![], star("")),
            ("room:{rest..}", vec![literal("room")], rest("rest")),
            ("room:{id}:{rest..}", vec![literal("room"), capture("id")], rest("rest")),
            ("{all..}", vec![], rest("all")),
        ] {
            assert_eq!(parse(source)?, (segments, tail), "{source:?}");
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
            ("room:{self}", "cannot be the name of a capture"),
            ("room:{id}*", "write `{id..}` to capture"),
            ("room:{rest..}:x", "`{rest..}` takes all that is left of the topic, so it must be the last"),
            ("room:x{rest..}", "`x{rest..}` has text around it"),
            ("room:{..}", "needs a name"),
            ("room:{a b..}", "cannot be the name of a capture"),
            ("room:{rest..}*", "`{rest..}` takes all that is left of the topic: remove the `*`"),
            ("{id}:{id..}", "two captures of this pattern are named `id`"),
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
}
