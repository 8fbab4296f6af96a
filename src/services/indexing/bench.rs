//! Figures of large indexes: issue 5, "must be seen to hold" 1 and 4. `make bench-search` runs them at full size
//! (`LLAMORA_TEST_BENCH=1`, or sizes with commas; released code); a plain run is small and quick.
//!
//! Vectors are synthetic, because embedding 280,000 passages takes hours: of 384 dimensions, around 400 themes that come
//! back again and again, 2.8 per entry. Entries are real ones in a real file, of as many words.

mod saving;
mod themes;

use std::{
    hint::black_box,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use themes::Themes;

use super::{index::UserIndex, near::nearest, open::open, seal};
use crate::{
    clock::Fixed,
    crypto::{canon::Name, secret::Password},
    journal::{day::Day, entry::Entry, ids::EntryId},
    search::{candle, codes::scan_plain, embed::Embedder, vectors as codec},
    services::{
        indexing::{index::Sizes, meta_of},
        sessions::guard,
    },
    store::Store,
    vault::{
        KdfChoice, Vaults, entries,
        segments::Maker,
        unlocked::Unlocked,
        vectors::{ChunkVector, EntryVectors},
    },
};

const NOON: i64 = 1_795_348_800_000;
const DIMS: usize = 384;
const MAKER: Maker = Maker { embedder: [7; 32], dims: DIMS as u16 };
const THEMES: usize = 400;
const QUERIES: usize = 200;
/// Chunks of entries, 2.8 on average.
const CHUNKS: [usize; 5] = [1, 2, 3, 3, 5];

fn is_full_size() -> bool {
    std::env::var_os("LLAMORA_TEST_BENCH").is_some()
}

fn go_on() -> bool {
    false
}

struct Journal {
    store: Arc<Store>,
    vault: Arc<Unlocked>,
    _vaults: Vaults,
}

impl Journal {
    fn at(folder: &Path) -> Self {
        let store = Arc::new(Store::open(&folder.join("journal")).unwrap());
        let vaults = Vaults::open(Arc::clone(&store), Arc::new(Fixed::at(NOON)), KdfChoice::Cheap).unwrap();
        let password = Password::choose("correct horse").unwrap();
        let vault = vaults.register(&Name::choose("Anna").unwrap(), "Anna", &password).unwrap().0;
        Self { store, vault, _vaults: vaults }
    }
}

fn entry(number: usize, n_chunks: usize) -> Entry {
    let text =
        "Walked along the canal before breakfast and thought about the boat again. ".repeat(n_chunks * 5);
    let day = Day::from_number(i32::try_from(number / 4).unwrap()).unwrap();
    Entry::saved(EntryId::from_parts(number as i64, [3; 10]), day, NOON, &text)
}

fn stored(chunks: &[&[f32]]) -> EntryVectors {
    let chunk = |vector: &&[f32]| ChunkVector { start: 0, end: 1, values: codec::to_bytes(vector) };
    EntryVectors {
        embedder: MAKER.embedder,
        revision: 1,
        dims: MAKER.dims,
        chunks: chunks.iter().map(chunk).collect(),
    }
}

/// All vectors of a journal, and whose they are.
#[derive(Default)]
struct Plain {
    vectors: Vec<f32>,
    entry_of: Vec<u32>,
}

impl Plain {
    /// The nearest chunks, and the nearest entries, ten each, by an exact scan of all vectors in single precision.
    fn nearest(&self, query: &[f32]) -> (Vec<u32>, Vec<u32>) {
        let scores = scan_plain(&self.vectors, query);
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        let most = order.len().min(100);
        let by_score = |left: &u32, right: &u32| scores[*right as usize].total_cmp(&scores[*left as usize]);
        order.select_nth_unstable_by(most - 1, by_score);
        order.truncate(most);
        order.sort_unstable_by(by_score);
        let mut entries: Vec<u32> = Vec::new();
        for chunk in &order {
            let entry = self.entry_of[*chunk as usize];
            if entries.len() < 10 && !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        (order[..most.min(10)].to_vec(), entries)
    }
}

fn quantile(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * share / 100]
}

fn rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Searches all queries; answers recall at ten, p50 and p99.
fn search(
    journal: &Journal,
    index: &UserIndex,
    queries: &[Vec<f32>],
    truth: &[Vec<u32>],
) -> (f64, Duration, Duration) {
    let (mut times, mut right, mut all) = (Vec::new(), 0, 0);
    for (query, truth) in queries.iter().zip(truth) {
        let started = Instant::now();
        let near = nearest(&journal.vault, index, query, 100, None).unwrap();
        times.push(started.elapsed());
        let found: Vec<u32> = near.iter().take(10).map(|near| near.meta.id.millis() as u32).collect();
        right += truth.iter().filter(|entry| found.contains(entry)).count();
        all += truth.len();
    }
    (right as f64 / all as f64, quantile(&mut times, 50), quantile(&mut times, 99))
}

fn measure(n_entries: usize, draws: bool) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::at(folder.path());
    let sizes = Sizes {
        full: if draws && n_entries <= 10_000 { 12_000 } else { Sizes::default().full },
        ..Sizes::default()
    };
    let mut themes = Themes::new();
    let mut plain = Plain::default();
    let index = UserIndex::default();
    open(&journal.vault, &index, MAKER, sizes, &go_on).unwrap();
    let (mut sealing, mut on_disk) = (Duration::ZERO, 0);
    for batch in (0..n_entries).collect::<Vec<_>>().chunks(500) {
        let before = journal.store.size();
        let all: Vec<Entry> = batch.iter().map(|number| entry(*number, CHUNKS[number % 5])).collect();
        journal.vault.write(|w| all.iter().try_for_each(|entry| entries::insert(w, entry))).unwrap();
        on_disk += journal.store.size().saturating_sub(before);
        for (number, entry) in batch.iter().zip(&all) {
            let theme = themes.theme();
            let first = plain.vectors.len();
            for _ in 0..CHUNKS[number % 5] {
                plain.vectors.extend(themes.vector(theme));
                plain.entry_of.push(*number as u32);
            }
            let chunks: Vec<&[f32]> = plain.vectors[first..].chunks_exact(DIMS).collect();
            guard(&index.open).as_mut().unwrap().fill(meta_of(entry), &stored(&chunks));
        }
        let started = Instant::now();
        seal::flush_full(&journal.vault, &index, sizes, &go_on);
        while seal::merge(&journal.vault, &index, sizes, &go_on).unwrap() {}
        sealing += started.elapsed();
    }
    seal::flush(&journal.vault, &index, &go_on).unwrap();
    journal.store.compact().unwrap();
    let n_chunks = plain.entry_of.len();
    let size = journal.store.size();
    journal.store.quiet().unwrap();

    // Opening, as after signing in.
    *guard(&index.open) = None;
    let (index, before) = (UserIndex::default(), rss_mb());
    let started = Instant::now();
    let (first, complete) = thread::scope(|scope| {
        let opening = scope.spawn(|| {
            let missing = open(&journal.vault, &index, MAKER, sizes, &go_on).unwrap().unwrap();
            assert!(missing.is_empty(), "{} entries are not in the index", missing.len());
            started.elapsed()
        });
        let mut first = None;
        while first.is_none() {
            let open = guard(&index.open);
            first = open.as_ref().filter(|open| open.index.n_entries() > 0).map(|_| started.elapsed());
            drop(open);
            thread::yield_now();
        }
        (first.unwrap_or_default(), opening.join().unwrap())
    });
    let (held, grown) = {
        let open = guard(&index.open);
        let open = open.as_ref().unwrap();
        assert_eq!(open.index.n_entries(), n_entries);
        println!(
            "\n{n_entries} entries, {n_chunks} chunks, {} segments: file {:.0} MB (entries alone about {:.0}), sealed and merged in {sealing:.1?}",
            open.index.segments().len(),
            mb(size),
            mb(on_disk)
        );
        (open.index.n_bytes(), rss_mb() - before)
    };
    println!(
        "  opening: first results {first:.1?}, all {complete:.1?}; memory {:.0} MB (process grew {grown:.0})",
        mb(held as u64)
    );

    let queries: Vec<Vec<f32>> = (0..QUERIES)
        .map(|_| {
            let theme = themes.theme();
            themes.vector(theme)
        })
        .collect();
    let mut times = Vec::new();
    let (mut chunk_truth, mut truth) = (Vec::new(), Vec::new());
    for query in &queries {
        let started = Instant::now();
        let (chunks, entries) = black_box(plain.nearest(query));
        times.push(started.elapsed());
        chunk_truth.push(chunks);
        truth.push(entries);
    }
    let exact = quantile(&mut times, 50);
    let (recall, p50, p99) = search(&journal, &index, &queries, &truth);
    println!("  search with opening of 100 entries: recall@10 {recall:.4}, p50 {p50:.2?}, p99 {p99:.2?}");
    println!(
        "  plain exact scan in single precision, entries not opened: p50 {exact:.2?}; ratio {:.2}",
        p50.as_secs_f64() / exact.as_secs_f64()
    );
    assert!(recall >= 0.97, "recall {recall}");
    assert!(held < 600_000_000);
    compare(folder.path(), &plain, &queries, &chunk_truth, p50);
    if draws {
        let started = Instant::now();
        while seal::draw_graph(&journal.vault, &index, sizes, Arc::new(|| false)).unwrap() {}
        let drawn = started.elapsed();
        let (recall, p50, p99) = search(&journal, &index, &queries, &truth);
        let held = guard(&index.open).as_ref().unwrap().index.n_bytes();
        println!(
            "  with graphs, drawn in {drawn:.1?}, where they are quicker: recall@10 {recall:.4}, p50 {p50:.2?}, p99 {p99:.2?}, memory {:.0} MB",
            mb(held as u64)
        );
        assert!(recall >= 0.97, "recall with graphs {recall}");
    }
}

/// The same vectors in usearch, where Python has it.
fn compare(folder: &Path, plain: &Plain, queries: &[Vec<f32>], truth: &[Vec<u32>], ours: Duration) {
    let Some(python) = std::env::var_os("LLAMORA_TEST_PYTHON") else {
        println!("  usearch: not compared, LLAMORA_TEST_PYTHON names no Python that has it");
        return;
    };
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    std::fs::write(folder.join("vectors.f32"), bytes(&plain.vectors)).unwrap();
    std::fs::write(folder.join("queries.f32"), bytes(&queries.concat())).unwrap();
    let truth: Vec<u8> = truth.iter().flatten().flat_map(|chunk| chunk.to_le_bytes()).collect();
    std::fs::write(folder.join("truth.u32"), truth).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/usearch-run.py");
    let run =
        std::process::Command::new(python).arg(script).arg(folder).arg(DIMS.to_string()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let line = String::from_utf8_lossy(&run.stdout);
    let figures: Vec<f64> = line.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    let [built, p50, p99, recall, bytes] = figures[..] else { panic!("{line}") };
    println!(
        "  usearch (HNSW, single precision, M 32, width 128; chunks, no text opened): built in {built:.1} s, recall@10 {recall:.4}, p50 {p50:.2} ms, p99 {p99:.2} ms, {:.0} MB; ratio of p50 {:.2}",
        bytes / 1e6,
        ours.as_secs_f64() * 1e3 / p50
    );
}

// Issue 5, "must be seen to hold" 1.
#[test]
fn figures_of_the_index_of_meanings_are_printed() {
    let named = std::env::var("LLAMORA_TEST_BENCH").unwrap_or_default();
    let named: Vec<usize> =
        named.split(',').filter_map(|size| size.parse().ok()).filter(|size| *size > 1).collect();
    let sizes = match (is_full_size(), named.is_empty()) {
        (true, true) => vec![1_000, 10_000, 100_000],
        (true, false) => named,
        (false, _) => vec![400],
    };
    println!("synthetic vectors: {THEMES} themes, {DIMS} dimensions, 2.8 chunks per entry");
    for n_entries in sizes {
        measure(n_entries, is_full_size());
    }
}
