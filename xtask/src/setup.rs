//! What the tests need beyond Rust, installed where that is allowed and explained where it is not.

use crate::steps::execute;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Installs the npm packages of a folder, as its lockfile says, unless they are there.
pub(crate) fn node_packages(folder: &Path) -> Result<(), String> {
    let lockfile = folder.join("package-lock.json");
    let installed = folder.join("node_modules/.package-lock.json");
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if modified(&installed).is_some_and(|installed| Some(installed) >= modified(&lockfile)) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    execute(Command::new(npm).args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
        .map_err(|error| format!("{error}; install Node.js 20 or later, which brings npm"))
}

/// Finds Chromium, or installs Debian's with apt.
pub(crate) fn chromium() -> Result<PathBuf, String> {
    if let Some(path) = find_chromium() {
        return Ok(path);
    }
    let remedy = "install Chromium (`apt-get install chromium`), or set CHROMIUM to its path";
    if !can_run(Command::new("apt-get").arg("--version")) {
        return Err(format!("Chromium is missing and apt-get is not here to install it: {remedy}"));
    }
    println!("installing Chromium with apt-get …");
    apt_get(&["update"])
        .and_then(|()| apt_get(&["install", "--yes", "--no-install-recommends", "chromium"]))
        .map_err(|error| format!("{error}: {remedy}"))?;
    find_chromium().ok_or_else(|| format!("Chromium is installed but was not found: {remedy}"))
}

fn find_chromium() -> Option<PathBuf> {
    let from_environment = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let on_path = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    from_environment.into_iter().chain(on_path).find(|path| path.is_file())
}

/// Runs apt-get, through sudo where the user may use it without a password.
fn apt_get(args: &[&str]) -> Result<(), String> {
    let through_sudo = can_run(Command::new("sudo").args(["--non-interactive", "true"]));
    let mut command = if through_sudo { Command::new("sudo") } else { Command::new("apt-get") };
    if through_sudo {
        command.args(["--non-interactive", "apt-get"]);
    }
    execute(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Finds cargo-fuzz and the nightly compiler it needs, or installs cargo-fuzz.
pub(crate) fn cargo_fuzz() -> Result<(), String> {
    if !can_run(nightly("rustc").arg("--version")) {
        return Err(
            "a nightly compiler is missing: `rustup toolchain install nightly --profile minimal`".into()
        );
    }
    if can_run(nightly("cargo").args(["fuzz", "--version"])) {
        return Ok(());
    }
    println!("installing cargo-fuzz …");
    let install = ["install", "cargo-fuzz", "--locked"];
    execute(nightly("cargo").args(install)).map_err(|error| format!("{error}: `cargo {}`", install.join(" ")))
}

/// A program of the nightly toolchain, which `rust-toolchain.toml` does not choose.
pub(crate) fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    command
}

fn can_run(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
