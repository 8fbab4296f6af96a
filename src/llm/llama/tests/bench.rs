//! Our generator against llama.cpp's own `llama-bench`: `make bench-llama`.
//!
//! Same libraries, same file, same threads, in turn in one run, so that what else happens on the machine meets both.
//! Ours is what replies use: reading in chunks with a look at the cancel flag between them, choosing tokens, putting text
//! together and telling of it. `llama-bench` reads one batch and chooses at random. Both warm up first.

use super::*;

const READ: usize = 512;
const WRITE: u32 = 64;
/// Each of ours stands between two of theirs. What else a machine does changes by a tenth from one second to the next,
/// so writing, of which the last hundredth counts, is measured in many short rounds.
const ROUNDS: [(Kind, usize); 2] = [(Kind::Reading, 11), (Kind::Writing, 41)];

#[derive(Clone, Copy)]
enum Kind {
    Reading,
    Writing,
}

/// Tokens per second.
fn ours(generator: &mut LlamaGenerator, kind: Kind) -> f64 {
    let text =
        "We walked along the harbour and the wind was cold. I thought of my sister and of bread. ".repeat(60);
    let prompt = &generator.tokens_of_text(&text)[..READ + 1];
    let sampling = Sampling {
        temperature: 0.7,
        top_p: 0.9,
        min_p: MIN_P,
        repeat: (REPEAT_LAST, REPEAT_PENALTY),
        seed: 7,
        grammar: None,
    };
    // No prompt begins as the one before, so everything is read anew. `llama-bench` warms up its context in the same way
    // and writes from one token on: the longer a text is, the longer its next token takes.
    let (warm, measured, n_write) = match kind {
        Kind::Reading => (&prompt[1..], &prompt[..READ], 1),
        Kind::Writing => (&prompt[2..3], &prompt[1..2], WRITE),
    };
    let mut rates = (0.0, 0.0);
    for (prompt, n_write) in [(warm, 1), (measured, n_write)] {
        let mut kept = generator.kept_for(1, prompt, n_write).expect("a context");
        kept.begin(prompt, &sampling, &Cancel::new()).expect("it begins");
        assert_eq!(kept.tokens().len(), 0, "everything is read anew");
        let (start, mut read) = (Instant::now(), None);
        let ended = generator.write(&mut kept, prompt, n_write, &Cancel::new(), &mut |event| match event {
            GenEvent::Reading { done, total } if done == total => read = Some(start.elapsed()),
            _ => {}
        });
        assert!(ended.is_ok());
        let read = read.expect("all was read");
        let n_written = kept.tokens().len() - prompt.len();
        let writing = start.elapsed() - read;
        generator.kept = Some(kept);
        // The model may come to an end before; what it wrote is measured.
        assert!(n_written >= n_write as usize / 4, "it ended early: {n_written}");
        rates = (prompt.len() as f64 / read.as_secs_f64(), n_written as f64 / writing.as_secs_f64());
    }
    match kind {
        Kind::Reading => rates.0,
        Kind::Writing => rates.1,
    }
}

fn theirs(bench: &std::ffi::OsStr, file: &std::path::Path, threads: u32, kind: Kind) -> f64 {
    let (read, write) = match kind {
        Kind::Reading => (READ, 0),
        Kind::Writing => (0, WRITE as usize),
    };
    let output = Command::new(bench)
        .args(["-r", "1", "-o", "json", "-p", &read.to_string(), "-n", &write.to_string()])
        .args(["-t", &threads.to_string(), "-m"])
        .arg(file)
        .output()
        .expect("llama-bench runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(rows.as_array().expect("rows").len(), 1);
    rows[0]["avg_ts"].as_f64().expect("a rate")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
#[allow(clippy::print_stdout, reason = "figures")]
fn our_generator_is_as_fast_as_llama_bench() {
    let Some(bench) = std::env::var_os("LLAMORA_LLAMA_BENCH") else {
        println!("skipped: llama-bench (`make bench-llama` builds it and runs this)");
        return;
    };
    let Some(file) = model_file("llama-bench") else { return };
    for threads in [1, 2] {
        let options = LlamaOptions { context: 4096, threads: Some(threads) };
        let Some(mut generator) = load("llama-bench", options) else { return };
        for (kind, rounds) in ROUNDS {
            let (what, least) = match kind {
                Kind::Reading => ("reading", 0.95),
                Kind::Writing => ("writing", 0.97),
            };
            // Learns how many threads pay off.
            ours(&mut generator, kind);
            let (mut us, mut them) = (Vec::new(), vec![theirs(&bench, &file, threads, kind)]);
            for _ in 0..rounds {
                us.push(ours(&mut generator, kind));
                them.push(theirs(&bench, &file, threads, kind));
            }
            // Each round against the one before and after it: what slows the machine down for a while meets both.
            let ratios = us.iter().zip(them.windows(2)).map(|(us, them)| us / ((them[0] + them[1]) / 2.0));
            let mut ratios: Vec<f64> = ratios.collect();
            ratios.sort_by(f64::total_cmp);
            let quartile = |nth: usize| ratios[(ratios.len() - 1) * nth / 4];
            println!(
                "{threads} thread(s), {what}: {:.0} tokens/s, llama-bench {:.0}: ratio {:.3} (at least {least}; half of {rounds} rounds {:.3} to {:.3})",
                median(us),
                median(them),
                quartile(2),
                quartile(1),
                quartile(3)
            );
        }
    }
}

// Issue 4: reading is given up within 300 ms.
#[test]
#[allow(clippy::print_stdout, reason = "figures")]
fn how_soon_reading_stops_is_printed() {
    if std::env::var_os("LLAMORA_LLAMA_BENCH").is_none() {
        println!("skipped: a figure of `make bench-llama`");
        return;
    }
    let Some(mut generator) = load("how soon reading stops", ONE) else { return };
    let request = ask(&"one two three four five ".repeat(400), 50);
    let mut slowest = std::time::Duration::ZERO;
    for round in 0..20 {
        generator.forget();
        let (cancel, stopped) = (Cancel::new(), std::sync::Mutex::new(None));
        let ended = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(400 + 37 * round));
                *stopped.lock().expect("no panic") = Some(Instant::now());
                cancel.cancel();
            });
            generator.generate(&request, &cancel, &mut |_| {})
        });
        assert_eq!(ended, Ok(StopReason::Cancelled));
        let stopped = stopped.into_inner().expect("no panic").expect("it was stopped");
        slowest = slowest.max(stopped.elapsed());
    }
    println!("reading {} tokens at once stops within {slowest:.1?} (at most 300 ms)", generator.chunk);
}
