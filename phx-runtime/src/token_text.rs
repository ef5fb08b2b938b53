//! What may be a token that a client gave.

/// What [`Token::verify`](crate::Token::verify) and [`Token::decrypt`](crate::Token::decrypt) read: a `&str` or a
/// `&String`, or an `Option<&str>`, as a token may be missing. Of an `Option<String>` it is `as_deref()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the text of a token",
    label = "not a `&str`, a `&String` or an `Option<&str>`",
    note = "borrow the text of the token: `&token` of a `String`, and `token.as_deref()` of an `Option<String>`"
)]
pub trait TokenText<'t>: sealed::Sealed {
    #[doc(hidden)]
    fn text(self) -> Option<&'t str>;
}

impl<'t> TokenText<'t> for &'t str {
    fn text(self) -> Option<&'t str> {
        Some(self)
    }
}

impl<'t> TokenText<'t> for &'t String {
    fn text(self) -> Option<&'t str> {
        Some(self)
    }
}

/// The only one for options, so that `None` alone says which it is.
impl<'t> TokenText<'t> for Option<&'t str> {
    fn text(self) -> Option<&'t str> {
        self
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for Option<&str> {}
}
