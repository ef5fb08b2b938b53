//! The checks, in the order in which their failures are cheapest to find.

use crate::setup;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Result<(), String>,
}

pub(crate) const ALL: &[Step] = &[
    Step { name: "fmt", about: "formatting", run: fmt },
    Step { name: "clippy", about: "lints, warnings denied", run: clippy },
    Step { name: "doc", about: "documentation, warnings denied", run: doc },
    Step { name: "rust", about: "unit, black-box, macro and documentation tests", run: rust },
    Step { name: "js", about: "phoenix.js in Node and in Chromium against the examples", run: js },
];

fn fmt() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])
}

fn clippy() -> Result<(), String> {
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ])?;
    // As a server has it: elsewhere in the workspace tests bring the feature `testing`.
    cargo(&["clippy", "--package", "phx-runtime", "--locked", "--", "--deny", "warnings"])
}

fn doc() -> Result<(), String> {
    execute(
        Command::new(env!("CARGO"))
            .args(["doc", "--workspace", "--all-features", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

fn rust() -> Result<(), String> {
    cargo(&["test", "--workspace", "--all-features", "--locked"])
}

fn js() -> Result<(), String> {
    let root = root();
    let tests = root.join("tests/js");
    setup::node_packages(&tests)?;
    setup::node_packages(&root.join("examples/page"))?;
    let chromium = setup::chromium()?;
    cargo(&["build", "--examples", "--locked"])?;
    let examples = target_dir().join("debug/examples");
    execute(
        Command::new("node")
            .args(["--test", "--test-concurrency=1"])
            .current_dir(&tests)
            .env("PHX_REFERENCE", examples.join(executable("reference")))
            .env("PHX_AUTH", examples.join(executable("auth")))
            .env("PHX_CHAT", examples.join(executable("chat")))
            .env("PHX_PRESENCE", examples.join(executable("presence")))
            .env("PHX_SSE", examples.join(executable("sse")))
            .env("PHX_JS_APP", examples.join(executable("js_app")))
            .env("PHX_ARTIFACTS", root.join("artifacts"))
            .env("CHROMIUM", chromium),
    )
}

fn cargo(args: &[&str]) -> Result<(), String> {
    execute(Command::new(env!("CARGO")).args(args))
}

pub(crate) fn execute(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}` ended with {status}")),
        Err(error) => Err(format!("cannot run `{program}`: {error}")),
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn target_dir() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    std::path::absolute(&folder).unwrap_or(folder)
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
