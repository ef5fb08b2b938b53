//! `cargo xtask test` sets up what the tests need and runs every check; `cargo xtask` lists the single steps.
//! `cargo xtask fuzz` and `cargo xtask compile-time` are apart: the one has no end of its own, the other no right result.

mod compile_time;
mod fuzz;
mod setup;
mod steps;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match wanted.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["test"] => steps::ALL.iter().try_for_each(run),
        ["fuzz", arguments @ ..] => fuzz::run(arguments),
        ["compile-time"] => compile_time::run(),
        [name] if steps::ALL.iter().any(|step| step.name == *name) => {
            steps::ALL.iter().filter(|step| step.name == *name).try_for_each(run)
        }
        _ => Err(usage()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(step: &steps::Step) -> Result<(), String> {
    println!("\n=== {}: {}", step.name, step.about);
    let started = Instant::now();
    (step.run)().map_err(|error| format!("`cargo xtask {}` failed: {error}", step.name))?;
    println!("=== {} took {:.1} s", step.name, started.elapsed().as_secs_f32());
    Ok(())
}

fn usage() -> String {
    let line = |step: &steps::Step| format!("\n  {:<9} {}", step.name, step.about);
    let steps: String = steps::ALL.iter().map(line).collect();
    format!(
        "usage: cargo xtask test, or one step of it:{steps}\nor {}\nor cargo xtask compile-time",
        fuzz::usage()
    )
}
