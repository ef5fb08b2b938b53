//! Text while a program compiles: what checks compare, and what they say when they fail.

const CAPACITY: usize = 1_000;
const DOTS: &str = "...";

/// Up to [`CAPACITY`] bytes; in place of a part that does not fit are three dots.
#[derive(Clone, Copy)]
pub(crate) struct ConstText {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl ConstText {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    pub(crate) const fn and(mut self, text: &str) -> Self {
        let room = CAPACITY - DOTS.len() - self.len;
        let text = if text.len() <= room { text.as_bytes() } else { DOTS.as_bytes() };
        let mut i = 0;
        while i < text.len() && self.len < CAPACITY - DOTS.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    pub(crate) const fn as_str(&self) -> &str {
        // Whole strings are in it, so it is one.
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

pub(crate) const fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && starts_with(a, b)
}

pub(crate) const fn starts_with(text: &str, start: &str) -> bool {
    let (text, start) = (text.as_bytes(), start.as_bytes());
    let mut i = 0;
    while i < start.len() {
        if i == text.len() || text[i] != start[i] {
            return false;
        }
        i += 1;
    }
    true
}
