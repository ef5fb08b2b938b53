//! Text that is put together while a program compiles, for the message of a failed check.

const CAPACITY: usize = 1_000;

/// Up to [`CAPACITY`] bytes; what does not fit is left out.
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
        let text = text.as_bytes();
        if text.len() <= CAPACITY - self.len {
            let mut i = 0;
            while i < text.len() {
                self.bytes[self.len] = text[i];
                self.len += 1;
                i += 1;
            }
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
