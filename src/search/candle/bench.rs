//! How fast texts are embedded, beside onnxruntime with the same weights in the same run (`make bench-embed`).

use std::{process::Command, thread, time::Instant};

use crate::search::{candle::tests::pinned, chunk, embed::Embedder, plain, vectors};

/// Passages of the diary in `tests/quality`.
fn passages() -> Vec<String> {
    let json = include_str!("../../../tests/quality/entries.json");
    let rows: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
    let texts = rows.iter().map(|row| plain::plain(row["text"].as_str().unwrap()));
    texts
        .flat_map(|text| {
            chunk::chunks(&text).iter().map(|chunk| chunk.of(&text).to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

/// Texts a second with so many embedders, each on a thread of its own, and the vectors.
fn ours(texts: &[String], n_threads: usize) -> Option<(f64, Vec<Vec<f32>>)> {
    let share = texts.len().div_ceil(n_threads);
    let (mut slowest, mut all) = (0.0f64, Vec::new());
    let done: Vec<_> = thread::scope(|scope| {
        let run = |texts: &'_ [String]| {
            let texts: Vec<String> = texts.to_vec();
            scope.spawn(move || {
                let mut embedder = pinned("throughput_beside_onnxruntime_is_printed")?;
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                embedder.embed(&texts[..2]).unwrap();
                let started = Instant::now();
                // As indexing does: a few at a time.
                let vectors: Vec<Vec<f32>> =
                    texts.chunks(4).flat_map(|texts| embedder.embed(texts).unwrap()).collect();
                Some((started.elapsed().as_secs_f64(), vectors))
            })
        };
        let running: Vec<_> = texts.chunks(share).map(run).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for part in done {
        let (seconds, vectors) = part?;
        slowest = slowest.max(seconds);
        all.extend(vectors);
    }
    Some((texts.len() as f64 / slowest, all))
}

// Issue 5, "must be seen to hold" 6.
#[test]
fn throughput_beside_onnxruntime_is_printed() {
    let mut texts = passages();
    let Some(python) = std::env::var_os("LLAMORA_TEST_PYTHON") else {
        println!("not compared: LLAMORA_TEST_PYTHON names no Python with onnxruntime (make bench-embed)");
        texts.truncate(6);
        let Some((rate, _)) = ours(&texts, 1) else { return };
        println!("{rate:.1} passages a second on one thread");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("texts.json"), serde_json::to_vec(&texts).unwrap()).unwrap();
    let models = std::env::var("LLAMORA_MODELS__DIR").unwrap_or_else(|_| "models".to_owned());
    for n_threads in [1, 2] {
        let Some((rate, vectors)) = ours(&texts, n_threads) else { return };
        let run = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/embed-run.py"))
            .args([&format!("{models}/embedder"), folder.path().to_str().unwrap(), &n_threads.to_string()])
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let line = String::from_utf8_lossy(&run.stdout);
        let (theirs, batch) = line.trim().split_once(' ').unwrap();
        let theirs: f64 = theirs.parse().unwrap();
        let bytes = std::fs::read(folder.path().join("vectors.f32")).unwrap();
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect();
        let cosines = vectors.iter().zip(values.chunks_exact(vectors[0].len()));
        let least = cosines.map(|(ours, theirs)| vectors::dot(ours, theirs)).fold(1.0f32, f32::min);
        println!(
            "{} passages, {n_threads} threads: {rate:.1} a second; onnxruntime {theirs:.1} (batches of {batch}); ratio {:.2}; cosine at least {least:.6}",
            texts.len(),
            rate / theirs
        );
        assert!(least > 0.999, "cosine {least}");
    }
}
