//! How fast texts are embedded, beside onnxruntime with the same weights in the same run (`make bench-embed`).
//!
//! Both take turns with the same passages, a few seconds each, so that whatever else the machine does meets both; what is
//! told is the median of the rounds. About a minute in all.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Instant,
};

use crate::search::{candle::tests::pinned, chunk, embed::Embedder, plain, vectors};

/// Passages of a turn: two seconds of one thread.
const TURN: usize = 100;
const ROUNDS: usize = 5;
/// What somebody might look for, and how often it is embedded.
const QUERY: &str = "an evening when I could not sleep because of money";
const QUERIES: usize = 41;

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

/// Some of them, from everywhere.
fn turn_of(texts: &[String]) -> Vec<String> {
    texts.iter().step_by(texts.len().div_ceil(TURN)).cloned().collect()
}

/// How a thread is asked, and how it answers.
type Worker = (mpsc::Sender<Vec<String>>, mpsc::Receiver<Vec<Vec<f32>>>);

/// Embedders, each on a thread of its own, that wait for texts.
struct Ours {
    workers: Vec<Worker>,
}

impl Ours {
    /// `None` when the model is not on this machine. The threads end when this is dropped.
    fn start<'scope>(scope: &'scope thread::Scope<'scope, '_>, n_threads: usize) -> Option<Self> {
        let start = |_| {
            let ((ask, asked), (answer, answers)) = (mpsc::channel::<Vec<String>>(), mpsc::channel());
            let (ready, is_ready) = mpsc::channel();
            scope.spawn(move || {
                let embedder = pinned("throughput_beside_onnxruntime_is_printed");
                ready.send(embedder.is_some()).unwrap();
                let Some(mut embedder) = embedder else { return };
                for texts in asked {
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    // As indexing does: a few at a time.
                    let vectors: Vec<Vec<f32>> =
                        texts.chunks(4).flat_map(|texts| embedder.embed(texts).unwrap()).collect();
                    answer.send(vectors).unwrap();
                }
            });
            is_ready.recv().unwrap().then_some((ask, answers))
        };
        Some(Self { workers: (0..n_threads).map(start).collect::<Option<_>>()? })
    }

    /// Seconds for these texts, and their vectors.
    fn embed(&self, texts: &[String]) -> (f64, Vec<Vec<f32>>) {
        let started = Instant::now();
        // Every n-th for each, so that all have as much to do.
        let n_workers = self.workers.len();
        for (nth, (ask, _)) in self.workers.iter().enumerate() {
            ask.send(texts.iter().skip(nth).step_by(n_workers).cloned().collect()).unwrap();
        }
        let mut parts: Vec<_> =
            self.workers.iter().map(|(_, answers)| answers.recv().unwrap().into_iter()).collect();
        let seconds = started.elapsed().as_secs_f64();
        (seconds, (0..texts.len()).map(|nth| parts[nth % n_workers].next().unwrap()).collect())
    }
}

/// The other program.
struct Theirs {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    batch: String,
}

impl Theirs {
    fn start(python: &std::ffi::OsStr, folder: &Path, n_threads: usize) -> Self {
        let models = std::env::var("LLAMORA_MODELS__DIR").unwrap_or_else(|_| "models".to_owned());
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/embed-run.py"))
            .args([&format!("{models}/embedder"), folder.to_str().unwrap(), &n_threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut theirs = Self { child, ask, answers, batch: String::new() };
        theirs.batch = theirs.line();
        theirs
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Seconds for `all` texts, or for those of a `turn`.
    fn embed(&mut self, which: &str) -> f64 {
        writeln!(self.ask, "{which}").unwrap();
        self.line().parse().expect("onnxruntime ended: what it says stands above")
    }

    fn end(mut self) {
        drop(self.ask);
        self.child.wait().unwrap();
    }
}

/// Milliseconds of the median.
fn of_queries(mut seconds: impl FnMut() -> f64) -> f64 {
    1e3 * median(&mut (0..QUERIES).map(|_| seconds()).collect::<Vec<_>>())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

// Issue 5, "must be seen to hold" 6.
#[test]
fn throughput_beside_onnxruntime_is_printed() {
    let all = passages();
    let turn = turn_of(&all);
    let Some(python) = std::env::var_os("LLAMORA_TEST_PYTHON") else {
        println!("not compared: LLAMORA_TEST_PYTHON names no Python with onnxruntime (make bench-embed)");
        thread::scope(|scope| {
            let Some(ours) = Ours::start(scope, 1) else { return };
            ours.embed(&turn[..2]);
            println!("{:.1} ms for a query", of_queries(|| ours.embed(&[QUERY.to_owned()]).0));
            println!("{:.1} passages a second on one thread", 6.0 / ours.embed(&turn[..6]).0);
        });
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let query = vec![QUERY.to_owned()];
    for (name, texts) in [("all", &all), ("turn", &turn), ("query", &query)] {
        let json = serde_json::to_vec(texts).unwrap();
        std::fs::write(folder.path().join(name).with_extension("json"), json).unwrap();
    }
    for n_threads in [1, 2] {
        thread::scope(|scope| compare(scope, n_threads, &python, folder.path(), [&all, &turn]));
    }
}

/// Prints one line; `all` texts for the vectors, those of a `turn` for the time.
fn compare<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    n_threads: usize,
    python: &std::ffi::OsStr,
    folder: &Path,
    [all, turn]: [&[String]; 2],
) {
    let Some(ours) = Ours::start(scope, n_threads) else { return };
    eprintln!("{n_threads} threads: onnxruntime tries sizes of batches");
    let mut theirs = Theirs::start(python, folder, n_threads);
    eprintln!("{n_threads} threads: all {} passages, for the vectors", all.len());
    let vectors = ours.embed(all).1;
    theirs.embed("all");
    let bytes = std::fs::read(folder.join("vectors.f32")).unwrap();
    let values: Vec<f32> =
        bytes.chunks_exact(4).map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect();
    let pairs = vectors.iter().zip(values.chunks_exact(vectors[0].len()));
    let least = pairs.map(|(ours, theirs)| vectors::dot(ours, theirs)).fold(1.0f32, f32::min);
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        let rate = |seconds: f64| turn.len() as f64 / seconds;
        let (own, other) = (rate(ours.embed(turn).0), rate(theirs.embed("turn")));
        eprintln!("{n_threads} threads, round {round} of {ROUNDS}: {own:.1} and {other:.1} a second");
        for (figures, figure) in rounds.iter_mut().zip([own, other, own / other]) {
            figures.push(figure);
        }
    }
    let [own, other, ratio] = rounds.each_mut().map(|figures| median(figures));
    let (lowest, highest) = (rounds[2][0], rounds[2][ROUNDS - 1]);
    println!(
        "{n_threads} threads, medians of {ROUNDS} turns of {} passages each: {own:.1} a second; onnxruntime {other:.1} (batches of {}); ratio {ratio:.2} ({lowest:.2} to {highest:.2}); cosine of all {} at least {least:.6}",
        turn.len(),
        theirs.batch,
        all.len(),
    );
    if n_threads == 1 {
        let (own, other) =
            (of_queries(|| ours.embed(&[QUERY.to_owned()]).0), of_queries(|| theirs.embed("query")));
        println!("a query: {own:.2} ms; onnxruntime {other:.2} ms; ratio {:.2}", other / own);
    }
    theirs.end();
    assert!(least > 0.999, "cosine {least}");
}
