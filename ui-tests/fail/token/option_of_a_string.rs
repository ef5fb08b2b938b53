use phx_runtime::{Token, TokenError};

fn user(tokens: &Token, token: Option<String>) -> Result<u64, TokenError> {
    tokens.verify(token)
}

fn main() {}
