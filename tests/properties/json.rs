//! A JSON reader (RFC 8259) that keeps what others throw away: the text of numbers, duplicate members, and strings with
//! half of a surrogate pair.

use std::string::FromUtf16Error;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    /// A string with half of a surrogate pair.
    NoText,
    Array(Vec<Json>),
    /// A name is `None` if it has half of a surrogate pair.
    Object(Vec<(Option<String>, Json)>),
}

impl Json {
    /// Reads a text that is one value, with white space around it.
    ///
    /// It is recursive: the fuzzer is told to keep its inputs shorter than what the stack can take.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let value = reader.value()?;
        reader.skip_space();
        reader.rest.is_empty().then_some(value)
    }

    /// Whether every string in it, names included, is text.
    pub(crate) fn is_text(&self) -> bool {
        match self {
            Self::NoText => false,
            Self::Array(elements) => elements.iter().all(Self::is_text),
            Self::Object(members) => members.iter().all(|(name, value)| name.is_some() && value.is_text()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => true,
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (Some(name.to_owned()), value)).collect())
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Json> {
        self.skip_space();
        match self.rest.chars().next()? {
            '"' => self.string().map(|text| text.map_or(Json::NoText, Json::Text)),
            '[' => self.list(']', Self::value).map(Json::Array),
            '{' => self.list('}', Self::member).map(Json::Object),
            '-' | '0'..='9' => self.number(),
            _ => None
                .or_else(|| self.take("null").map(|()| Json::Null))
                .or_else(|| self.take("true").map(|()| Json::Bool(true)))
                .or_else(|| self.take("false").map(|()| Json::Bool(false))),
        }
    }

    fn member(&mut self) -> Option<(Option<String>, Json)> {
        self.skip_space();
        let name = self.string()?.ok();
        self.skip_space();
        self.take(":")?;
        Some((name, self.value()?))
    }

    /// From the opening bracket, which the caller has seen, to `end`.
    fn list<T>(&mut self, end: char, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.rest = &self.rest[1..];
        let mut elements = Vec::new();
        self.skip_space();
        if let Some(rest) = self.rest.strip_prefix(end) {
            self.rest = rest;
            return Some(elements);
        }
        loop {
            elements.push(element(self)?);
            self.skip_space();
            if let Some(rest) = self.rest.strip_prefix(end) {
                self.rest = rest;
                return Some(elements);
            }
            self.take(",")?;
        }
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.rest;
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        Some(Json::Number(start[..start.len() - self.rest.len()].to_owned()))
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let found = rest.len() < self.rest.len();
        self.rest = rest;
        found.then_some(())
    }

    /// An error in it is half of a surrogate pair.
    fn string(&mut self) -> Option<Result<String, FromUtf16Error>> {
        self.take("\"")?;
        let mut units: Vec<u16> = Vec::new();
        loop {
            let c = self.next()?;
            let c = match c {
                '"' => return Some(String::from_utf16(&units)),
                '\0'..='\x1F' => return None,
                '\\' => match self.next()? {
                    c @ ('"' | '\\' | '/') => c,
                    'b' => '\x08',
                    'f' => '\x0C',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let unit =
                            (0..4).try_fold(0, |unit, _| Some(unit << 4 | self.next()?.to_digit(16)?))?;
                        units.push(u16::try_from(unit).ok()?);
                        continue;
                    }
                    _ => return None,
                },
                c => c,
            };
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}
