//! What the examples with a web page share: the files of a page, phoenix.js for it, and what a person says when
//! starting one.

mod phoenix_js;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::Path;
use warp::filters::BoxedFilter;
use warp::fs::File;
use warp::{Filter, path};

/// `index.html` of an example's folder at `/`, other files of it by their names, and what all pages have: `base.css`
/// and `phoenix.mjs`.
pub(crate) fn files(example: &str, names: &[&'static str]) -> Result<BoxedFilter<(File,)>, String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, shared) = (examples.join(example), examples.join("page"));
    let phoenix_js = phoenix_js::find(&shared)?;
    let file = |name: &'static str, file| path(name).and(path::end()).and(warp::fs::file(file)).boxed();

    let index = path::end().and(warp::fs::file(folder.join("index.html"))).boxed();
    let of_all = [file("phoenix.mjs", phoenix_js), file("base.css", shared.join("base.css"))];
    let own = names.iter().map(|name| file(name, folder.join(name)));
    Ok(of_all.into_iter().chain(own).fold(index, |files, file| files.or(file).unify().boxed()))
}

/// Shows warnings, or what `RUST_LOG` says.
pub(crate) fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
}

/// What the sessions of long polling are signed with: `SECRET_KEY_BASE`, or one that is forgotten when the example
/// ends. A server of several nodes, or one that restarts while people use it, wants the first.
pub(crate) fn secret() -> Result<String, String> {
    if let Ok(secret) = std::env::var("SECRET_KEY_BASE") {
        return Ok(secret);
    }
    let mut random = [0; 64];
    getrandom::fill(&mut random).map_err(|error| format!("no random numbers for a secret: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

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
