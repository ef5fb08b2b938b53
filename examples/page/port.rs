//! Where an example listens.

/// `--port N`, else `PORT`, else 4000.
pub(crate) fn port() -> Result<u16, String> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("--port"), Some(port)) => port.parse().map_err(|_| format!("`{port}` is not a port")),
        (None, _) => match std::env::var("PORT") {
            Ok(port) => port.parse().map_err(|_| format!("PORT is set to `{port}`, which is not a port")),
            Err(_) => Ok(4000),
        },
        _ => Err("the only option is `--port PORT`".to_owned()),
    }
}
