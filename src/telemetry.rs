//! Logs: to standard error, allow-listed fields only, never anything a person wrote (SR-53).
//!
//! Three guards stand behind each other. Only this crate is heard, at every level. Of an event only the fields in
//! [`FIELDS`] are printed; the value of any other is withheld. And `tests/it/tidy.rs` reads every call in the source:
//! its fields are on the list, and its message is a literal without a place for values.

use std::fmt::{self, Write as _};

use tracing_subscriber::{
    EnvFilter, Layer,
    field::MakeExt,
    fmt::{MakeWriter, format, layer},
    prelude::*,
    registry::LookupSpan,
};

/// Fields that may be printed. Their values are made by us: numbers, fixed words, route patterns, random ids, names
/// of models, the data folder, and errors, which hold no text of a person by the rule of their modules.
pub const FIELDS: &[&str] = &[
    "cause", "data", "embedder", "error", "failures", "from", "kind", "message", "method", "mode", "model",
    "ms", "ok", "place", "reason", "records", "request", "rows", "route", "status", "to",
];

/// Starts logging at `level`. `RUST_LOG` overrides the level of this program's own modules only: other crates stay
/// silent whatever is asked, because we cannot vouch for what they print.
pub fn start(level: &str) {
    let level = std::env::var("RUST_LOG")
        .ok()
        .filter(|level| ["error", "warn", "info", "debug", "trace"].contains(&level.as_str()))
        .unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::new(format!("off,llamora={level}"));
    // A second start (in one test process) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(filter).with(lines(std::io::stderr)).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The payload may hold what a person wrote: print the place only.
        let place =
            panic.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(place, "a request or task failed inside the program");
    }));
}

/// Prints events as lines, with the fields of the list only.
fn lines<S, W>(writer: W) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    let fields = format::debug_fn(|out, field, value| match field.name() {
        "message" => write!(OneLine(out), "{value:?}"),
        name if FIELDS.contains(&name) => write!(OneLine(out), "{name}={value:?}"),
        name => write!(out, "{name}=withheld"),
    });
    layer().with_writer(writer).with_target(false).with_ansi(false).fmt_fields(fields.delimited(" "))
}

/// Keeps a line a line: a control character could begin a new one or speak to the terminal.
struct OneLine<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for symbol in text.chars() {
            self.0.write_char(if symbol.is_control() { ' ' } else { symbol })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
