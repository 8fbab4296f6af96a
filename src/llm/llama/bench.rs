//! How fast a model reads and writes on so many threads, with words that are nobody's.

use std::time::{Duration, Instant};

use crate::llm::{
    Cancel, LlmError,
    llama::{
        LlamaGenerator, MIN_CONTEXT,
        native::{Sampling, Session},
    },
    speed::Speed,
};

/// Read, as often as it takes.
const TEXT: &str =
    "The tram was late and nobody minded. Snow lay on the bridge, and the bakery had its lights on. ";
/// Chunks that are read; the first one warms up and does not count.
const CHUNKS: usize = 5;
/// Tokens that are written.
const WRITTEN: usize = 32;
/// A number of threads that is this slow has lost already.
const ENOUGH: Duration = Duration::from_secs(45);

/// Measures; `None` when it was not wanted any more.
pub fn measure(
    generator: &LlamaGenerator,
    threads: u32,
    is_wanted: &dyn Fn() -> bool,
) -> Result<Option<Speed>, LlmError> {
    let text = generator.tokens_of_text(TEXT);
    let tokens: Vec<_> = text.iter().copied().cycle().take(CHUNKS * generator.chunk).collect();
    let mut session = Session::new(
        &generator.model,
        &generator.threads,
        MIN_CONTEXT.max((CHUNKS * generator.chunk + WRITTEN) as u32),
        generator.chunk as u32,
    )?;
    let sampling =
        Sampling { temperature: 0.0, top_p: 1.0, min_p: 0.0, repeat: (0, 1.0), seed: 1, grammar: None };
    session.begin(0, &sampling, &Cancel::new())?;
    session.set_threads(threads);

    let begun = Instant::now();
    let (mut reading, mut writing) = (Meter::default(), Meter::default());
    for (idx, chunk) in tokens.chunks(generator.chunk).enumerate() {
        if !is_wanted() {
            return Ok(None);
        }
        if idx > 1 && begun.elapsed() > ENOUGH {
            break;
        }
        let start = Instant::now();
        session.step(chunk)?;
        if idx > 0 {
            reading.count(chunk.len(), start.elapsed());
        }
    }
    for idx in 0..WRITTEN {
        if !is_wanted() {
            return Ok(None);
        }
        if idx > 0 && begun.elapsed() > 2 * ENOUGH {
            break;
        }
        let start = Instant::now();
        let Some(token) = session.sample()? else { break };
        session.step(&[token])?;
        writing.count(1, start.elapsed());
    }
    Ok(Some(Speed { reading: reading.rate(), writing: writing.rate() }))
}

#[derive(Default)]
struct Meter {
    tokens: usize,
    time: Duration,
}

impl Meter {
    fn count(&mut self, tokens: usize, time: Duration) {
        self.tokens += tokens;
        self.time += time;
    }

    fn rate(&self) -> f64 {
        self.tokens as f64 / self.time.as_secs_f64().max(1e-6)
    }
}
