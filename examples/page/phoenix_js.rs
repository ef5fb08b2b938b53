//! Gets phoenix.js, the official client, from npm the first time an example with a page runs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The client's module, installed in `folder` if it is not there yet.
pub(super) fn find(folder: &Path) -> Result<PathBuf, String> {
    let module = folder.join("node_modules/phoenix/priv/static/phoenix.mjs");
    if module.is_file() {
        return Ok(module);
    }
    println!("Installing phoenix.js with `npm ci`, once …");
    let remedy =
        format!("install Node.js 20 or later, which brings npm, or run `npm ci` in {}", folder.display());
    let status = npm().current_dir(folder).args(["ci", "--no-audit", "--no-fund"]).status();
    match status {
        Ok(status) if status.success() && module.is_file() => Ok(module),
        Ok(status) => Err(format!("`npm ci` failed ({status}), so the page has no phoenix.js: {remedy}")),
        Err(error) => Err(format!("cannot run npm ({error}), so the page has no phoenix.js: {remedy}")),
    }
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}
