//! `cargo xtask fuzz`: feeds the properties of `tests/properties` what libFuzzer makes of their seeds.

use crate::setup;
use crate::steps::{execute, root, target_dir};
use std::fs;
use std::path::Path;

/// For each target: under an hour for all of them.
const SECONDS: u32 = 600;

/// The longest input. The readers that the properties compare with are recursive, and long inputs are slow; lengths
/// beyond this are for the unit tests.
const MAX_BYTES: u32 = 4096;

/// Runs one target or all, each for some seconds, as the arguments say. Stops at the first input that breaks a property.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    let folder = root().join("tests/fuzz");
    let (targets, seconds) = read(arguments, targets(&folder)?)?;
    setup::cargo_fuzz()?;
    share_versions(&folder)?;
    for target in &targets {
        println!("\n=== {target}: {seconds} s");
        run_target(&folder, target, seconds).map_err(|error| {
            format!(
                "{error}. If it found an input, which is named above, move that to tests/fuzz/seeds/{target}: \
                 `cargo test -p properties` runs it, and keeps it from coming back"
            )
        })?;
    }
    Ok(())
}

pub(crate) fn usage() -> String {
    format!("cargo xtask fuzz [target] [--seconds {SECONDS}]: a folder of tests/fuzz/seeds, or all of them")
}

fn targets(folder: &Path) -> Result<Vec<String>, String> {
    let seeds = folder.join("seeds");
    let names = fs::read_dir(&seeds).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned())).collect()
    });
    let mut names: Vec<String> =
        names.map_err(|error| format!("cannot read {}: {error}", seeds.display()))?;
    names.sort();
    Ok(names)
}

fn read(arguments: &[&str], mut targets: Vec<String>) -> Result<(Vec<String>, u32), String> {
    let mut seconds = SECONDS;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if *argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            seconds = number.ok_or_else(usage)?;
        } else {
            targets.retain(|target| target == argument);
        }
    }
    if targets.is_empty() { Err(usage()) } else { Ok((targets, seconds)) }
}

/// The programs are a workspace of their own, which must not mean other versions of what they test.
fn share_versions(folder: &Path) -> Result<(), String> {
    let (ours, theirs) = (root().join("Cargo.lock"), folder.join("Cargo.lock"));
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if modified(&theirs) < modified(&ours) {
        fs::copy(&ours, &theirs).map_err(|error| format!("cannot write {}: {error}", theirs.display()))?;
    }
    Ok(())
}

fn run_target(folder: &Path, target: &str, seconds: u32) -> Result<(), String> {
    let build = target_dir().join("fuzz");
    let corpus = build.join("corpus").join(target);
    fs::create_dir_all(&corpus).map_err(|error| format!("cannot make {}: {error}", corpus.display()))?;
    execute(
        setup::nightly("cargo")
            .args(["fuzz", "run", "--fuzz-dir"])
            .arg(folder)
            .arg("--target-dir")
            .arg(&build)
            // What is found goes to the first folder; the others are only read.
            .arg(target)
            .arg(&corpus)
            .arg(folder.join("seeds").join(target))
            .arg("--")
            .args([format!("-max_total_time={seconds}"), format!("-max_len={MAX_BYTES}")])
            .args(["-timeout=10", "-print_final_stats=1"]),
    )
}
