//! Logs: to standard error, allow-listed fields only, never anything a person wrote.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging at `level`. `RUST_LOG` overrides the level of this program's own modules only: other crates
/// stay at `warn` whatever is asked, because we cannot vouch for what they print.
pub fn start(level: &str) {
    let level = std::env::var("RUST_LOG")
        .ok()
        .filter(|level| ["error", "warn", "info", "debug", "trace"].contains(&level.as_str()))
        .unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::new(format!("warn,llamora={level}"));
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    // A second start (in one test process) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The payload may hold what a person wrote: print the place only.
        let place =
            panic.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(place, "a request or task failed inside the program");
    }));
}
