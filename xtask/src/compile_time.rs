//! `cargo xtask compile-time`: how long a crate of many channels takes to check, beside the same methods without our
//! attributes.

use crate::steps::{execute, root, target_dir};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const CHANNELS: usize = 50;
const EVENTS: usize = 20;

/// The median of so many.
const RUNS: usize = 5;

pub(crate) fn run() -> Result<(), String> {
    let folder = target_dir().join("compile-time");
    let mut times = Vec::new();
    for (name, with_attributes) in [("declared", true), ("plain", false)] {
        let krate = folder.join(name);
        write(&krate.join("Cargo.toml"), &manifest(name))?;
        fs::copy(root().join("Cargo.lock"), krate.join("Cargo.lock"))
            .map_err(|error| format!("cannot copy Cargo.lock: {error}"))?;
        times.push((name, check(&krate, &folder, &source(with_attributes))?));
    }
    for (name, time) in times {
        println!("{CHANNELS} channels of {EVENTS} events, {name}: {:.2} s", time.as_secs_f32());
    }
    Ok(())
}

fn check(krate: &Path, folder: &Path, source: &str) -> Result<Duration, String> {
    let mut times = Vec::new();
    // The first run is for what the crate depends on.
    for run in 0..=RUNS {
        write(&krate.join("src/lib.rs"), &format!("{source}// {run}\n"))?;
        let started = Instant::now();
        execute(
            Command::new(env!("CARGO"))
                .args(["check", "--quiet"])
                .current_dir(krate)
                .env("CARGO_TARGET_DIR", folder.join("build"))
                .env("CARGO_INCREMENTAL", "0"),
        )?;
        times.push(started.elapsed());
    }
    let mut times = times.split_off(1);
    times.sort();
    Ok(times[RUNS / 2])
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn manifest(name: &str) -> String {
    let runtime = std::path::absolute(root().join("phx-runtime")).unwrap_or_default();
    let runtime = runtime.display();
    format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\nphx-runtime.path = '{runtime}'\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\n[workspace]\n"
    )
}

fn source(with_attributes: bool) -> String {
    let attribute = |text: String| if with_attributes { text } else { String::new() };
    let mut source = "#![allow(dead_code)]\nuse phx_runtime::prelude::*;\n\
        #[derive(serde::Serialize, serde::Deserialize)]\npub struct Msg { body: String }\n\
        pub struct ManySocket;\n#[socket]\nimpl Socket for ManySocket {\n"
        .to_owned();
    for c in 0..CHANNELS {
        source += &attribute(format!("channel!(\"c{c}:*\", C{c});\n"));
    }
    source += "async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }\n}\n";
    // A context needs a channel.
    source += "pub struct Any;\n#[channel(socket = ManySocket)]\nimpl Any {\n\
        #[join(\"*\")] fn join() -> Result<Self, Refused> { Ok(Self) }\n}\n";
    for c in 0..CHANNELS {
        let channel = if with_attributes { "Self" } else { "Any" };
        let _ = write!(
            source,
            "pub struct C{c}(u64);\n{}\nimpl C{c} {{\n",
            attribute("#[channel(socket = ManySocket)]".into())
        );
        let join = attribute(format!("#[join(\"c{c}:{{id}}\")]"));
        let _ = writeln!(source, "{join} async fn join(id: u64) -> Result<Self, Refused> {{ Ok(Self(id)) }}");
        for e in 0..EVENTS {
            let handle_in = attribute(format!("#[handle_in(\"event_{e}\")]"));
            let _ = writeln!(
                source,
                "{handle_in} async fn e{e}(&mut self, msg: Msg, ctx: &mut Context<{channel}>) -> Result<u64, Refused> \
                 {{ ctx.broadcast(\"event_{e}\", &msg); self.0 += {e}; Ok(self.0) }}"
            );
        }
        source += "}\n";
    }
    source
}
