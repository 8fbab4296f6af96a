//! Our generator against llama.cpp's own `llama-bench`: `make bench-llama`.
//!
//! Same libraries, same file, same threads, in turn in one run, so that what else happens on the machine meets both.
//! Ours is what replies use: reading in chunks with a look at the cancel flag between them, choosing tokens, putting text
//! together and telling of it. `llama-bench` reads one batch and chooses at random. Both warm up first.

use super::*;

const READ: usize = 512;
const WRITE: u32 = 64;
const ROUNDS: usize = 11;

/// Tokens per second, reading and writing.
type Rates = (f64, f64);

fn ours(generator: &mut LlamaGenerator) -> Rates {
    let text =
        "We walked along the harbour and the wind was cold. I thought of my sister and of bread. ".repeat(60);
    let prompt = generator.tokens_of_text(&text)[..READ].to_vec();
    let sampling = Sampling {
        temperature: 0.7,
        top_p: 0.9,
        min_p: MIN_P,
        repeat: (REPEAT_LAST, REPEAT_PENALTY),
        seed: 7,
        grammar: None,
    };
    let mut measure = |prompt: &[LlamaToken], n_write: u32| {
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
        let writing = (start.elapsed() - read).as_secs_f64() / n_written as f64;
        generator.kept = Some(kept);
        (read.as_secs_f64(), writing, n_written)
    };
    // `llama-bench` warms up its context in the same way. No prompt begins as the one before.
    measure(&prompt[2..], 1);
    let (reading, ..) = measure(&prompt, 1);
    measure(&prompt[2..34], 1);
    // The model may come to an end before; what it wrote is measured.
    let (_, writing, n_written) = measure(&prompt[1..33], WRITE);
    assert!(n_written >= WRITE as usize / 4, "it ended early: {n_written}");
    (READ as f64 / reading, 1.0 / writing)
}

fn theirs(bench: &std::ffi::OsStr, file: &std::path::Path, threads: u32) -> Rates {
    let output = Command::new(bench)
        .args(["-r", "1", "-o", "json", "-p", &READ.to_string(), "-n", &WRITE.to_string()])
        .args(["-t", &threads.to_string(), "-m"])
        .arg(file)
        .output()
        .expect("llama-bench runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rate = |read: u64| {
        let row = rows.as_array().expect("rows").iter().find(|row| row["n_prompt"] == read).expect("a row");
        row["avg_ts"].as_f64().expect("a rate")
    };
    (rate(READ as u64), rate(0))
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
        ours(&mut generator);
        let (mut us, mut them) = (vec![ours(&mut generator)], Vec::new());
        for _ in 0..ROUNDS {
            them.push(theirs(&bench, &file, threads));
            us.push(ours(&mut generator));
        }
        let kinds: [(&str, f64, fn(&Rates) -> f64); 2] =
            [("reading", 0.95, |rates| rates.0), ("writing", 0.97, |rates| rates.1)];
        for (what, least, of) in kinds {
            // Each round against the one before and after it: what slows the machine down for a while meets both.
            let mut ratios: Vec<f64> = us
                .windows(2)
                .zip(&them)
                .map(|(us, them)| (of(&us[0]) + of(&us[1])) / 2.0 / of(them))
                .collect();
            ratios.sort_by(f64::total_cmp);
            let quartile = |nth: usize| ratios[(ratios.len() - 1) * nth / 4];
            let (us, them) = (median(us.iter().map(of).collect()), median(them.iter().map(of).collect()));
            println!(
                "{threads} thread(s), {what}: {us:.0} tokens/s, llama-bench {them:.0}: ratio {:.3} (at least {least}; half of {ROUNDS} rounds {:.3} to {:.3})",
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
