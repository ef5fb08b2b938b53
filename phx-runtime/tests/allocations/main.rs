//! What is allocated, and what is left of it. The counts are those of the test's own thread.

mod presence;
mod routing;
mod sessions;

type Outcome = Result<(), Box<dyn std::error::Error>>;
