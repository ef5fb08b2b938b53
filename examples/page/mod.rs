//! What the examples with a web page share: the files of a page, phoenix.js for it, and what a person says when
//! starting one.

mod phoenix_js;
mod port;
mod secret;

pub(crate) use port::port;
pub(crate) use secret::secret;
use std::path::Path;
use warp::filters::BoxedFilter;
use warp::fs::File;
use warp::{Filter, path};

/// `index.html` of an example's folder at `/`, other files of it by their names, and what all pages have: `base.css`,
/// `page.js` and `phoenix.mjs`.
pub(crate) fn files(example: &str, names: &[&'static str]) -> Result<BoxedFilter<(File,)>, String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, shared) = (examples.join(example), examples.join("page"));
    let phoenix_js = phoenix_js::find(&shared)?;
    let file = |name: &'static str, file| path(name).and(path::end()).and(warp::fs::file(file)).boxed();

    let index = path::end().and(warp::fs::file(folder.join("index.html"))).boxed();
    let of_all = [
        file("phoenix.mjs", phoenix_js),
        file("base.css", shared.join("base.css")),
        file("page.js", shared.join("page.js")),
    ];
    let own = names.iter().map(|name| file(name, folder.join(name)));
    Ok(of_all.into_iter().chain(own).fold(index, |files, file| files.or(file).unify().boxed()))
}

/// Shows warnings, or what `RUST_LOG` says.
pub(crate) fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
}
