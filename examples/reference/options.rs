//! What the command line and the environment say.

use std::env::VarError;

const USAGE: &str =
    "usage: reference [--port PORT] [--pubsub local] [--node NAME] [--drain-batch CONNECTIONS]";

pub(crate) struct Options {
    /// From `--port`, else from the variable `PORT`, else 4100. 0 picks a free one.
    pub(crate) port: u16,
    /// What this server calls itself.
    pub(crate) node: Option<String>,
    /// How many connections of `/socket` a shutdown closes at a time, if not as many as by default.
    pub(crate) drain_batch: Option<usize>,
}

impl Options {
    pub(crate) fn read() -> Result<Self, String> {
        let mut port = None;
        let mut node = None;
        let mut drain_batch = None;
        let mut arguments = std::env::args().skip(1);
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value\n{USAGE}"));
            match option.as_str() {
                "--port" => port = Some(value()?),
                "--node" => node = Some(value()?),
                "--drain-batch" => {
                    let number = value()?;
                    let batch =
                        number.parse().map_err(|_| format!("`{number}` is no number of connections"))?;
                    drain_batch = Some(batch);
                }
                "--pubsub" => check_pubsub(&value()?)?,
                _ => return Err(format!("what is `{option}`?\n{USAGE}")),
            }
        }
        let port = match (port, std::env::var("PORT")) {
            (Some(port), _) | (None, Ok(port)) => {
                port.parse().map_err(|_| format!("`{port}` is not a port"))?
            }
            (None, Err(VarError::NotPresent)) => 4100,
            (None, Err(error)) => return Err(format!("PORT: {error}")),
        };
        Ok(Self { port, node, drain_batch })
    }
}

fn check_pubsub(engine: &str) -> Result<(), String> {
    if engine == "local" {
        return Ok(());
    }
    Err(format!("--pubsub {engine}: this build has no other engine than `local`"))
}
