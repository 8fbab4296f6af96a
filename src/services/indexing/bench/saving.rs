//! Whether what a person saves waits for the index.
//!
//! Saves and indexing are those of the program: an entry of three chunks, on the disk of the folder for temporary files;
//! chunks embedded on the embedder's thread, kept in groups, made segments and merged. Saves come every 20 ms or so, far
//! more often than anybody writes, so that for the index somebody writes all the time. They are taken in short turns with
//! the index at rest, as it goes while somebody writes, and as it goes when nobody does, so that whatever else the
//! machine does meets all three.

use std::sync::atomic::AtomicU8;

use super::*;
use crate::{
    search::embed::{EmbedEngine, EmbedError, EmbedderIdentity},
    services::indexing::work::{Done, Group, Pace, Work, keep_all},
    store::faults::Dice,
    vault::outbox,
};

/// Saves of a turn.
const TURN: usize = 10;
/// Entries that wait to be indexed, over and over, and the number of the first of them.
const WAITING: usize = 400;
const FIRST_WAITING: usize = 100_000;

/// Vectors around themes at once, where there is no model.
struct Quick(EmbedderIdentity, Themes);

impl Embedder for Quick {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| self.1.vector(text.len() % THEMES)).collect())
    }
}

/// What the index does during a turn.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
enum Turn {
    Rest,
    AsWritten,
    FullSpeed,
    End,
}

impl Turn {
    const ALL: [Self; 3] = [Self::Rest, Self::AsWritten, Self::FullSpeed];

    fn of(number: u8) -> Self {
        Self::ALL.into_iter().find(|turn| *turn as u8 == number).unwrap_or(Self::End)
    }
}

/// The index at work, as the turn says, until the end; answers entries and seconds of each turn.
fn index_in_turns(
    journal: &Journal,
    engine: &EmbedEngine,
    turn: &AtomicU8,
    seen: &AtomicU8,
) -> [(usize, f64); 3] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let sizes = Sizes { fresh: 60, fan: 3, full: 2_000 };
    let (index, mut figures, mut number) = (UserIndex::default(), [(0, 0.0); 3], 0);
    open(&journal.vault, &index, MAKER, sizes, &go_on).unwrap();
    let text = entry(0, 3).text;
    let parts: Vec<String> = [&text[..400], &text[400..800], &text[800..]].map(str::to_owned).to_vec();
    // What is saved meanwhile is left to the outbox; these are what waits to be indexed, as after an import.
    let known: Vec<Entry> = (0..WAITING).map(|nth| entry(FIRST_WAITING + nth, 3)).collect();
    journal.vault.write(|w| known.iter().try_for_each(|entry| entries::insert(w, entry))).unwrap();
    let asked = journal.vault.read(outbox::pending).unwrap().items;
    let (mut group, mut pace) = (Group::default(), Pace::default());
    loop {
        let now = Turn::of(turn.load(Ordering::SeqCst));
        seen.store(now as u8, Ordering::SeqCst);
        let began = Instant::now();
        match now {
            Turn::End => return figures,
            Turn::Rest => {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            Turn::AsWritten | Turn::FullSpeed => {
                let vectors = if now == Turn::AsWritten {
                    runtime.block_on(pace.embed(engine, &journal.vault, parts.clone())).unwrap()
                } else {
                    runtime.block_on(engine.embed(parts.clone())).unwrap()
                };
                let chunks: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
                let entry = known[number % WAITING].clone();
                let work =
                    Work { id: entry.id, item: asked.iter().find(|item| item.id == entry.id).copied() };
                group.push(Done { work, made: Some((entry, stored(&chunks))) });
                if group.is_full() {
                    keep_all(&journal.vault, &index, sizes, &group.take(), &go_on).unwrap();
                    while seal::merge(&journal.vault, &index, sizes, &go_on).unwrap() {}
                }
                number += 1;
            }
        }
        let (entries, seconds) = &mut figures[now as usize];
        *entries += 1;
        *seconds += began.elapsed().as_secs_f64();
    }
}

// Issue 5, "must be seen to hold" 4.
#[test]
fn saving_while_the_index_is_made_and_the_rate_of_indexing_are_printed() {
    let engine = EmbedEngine::start(|| {
        let identity = EmbedderIdentity { name: "themes".to_owned(), sha256: MAKER.embedder, dims: DIMS };
        Ok(
            match candle::tests::pinned("saving_while_the_index_is_made_and_the_rate_of_indexing_are_printed")
            {
                Some(embedder) => Box::new(embedder),
                None => Box::new(Quick(identity, Themes::new())),
            },
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::at(folder.path());
    let rounds = if is_full_size() { 25 } else { 1 };
    let (turn, seen) = (AtomicU8::new(Turn::Rest as u8), AtomicU8::new(Turn::End as u8));
    let (mut dice, mut number) = (Dice::new(5), 0);
    let mut times = [const { Vec::new() }; 3];
    let figures = thread::scope(|scope| {
        let indexing = scope.spawn(|| index_in_turns(&journal, &engine, &turn, &seen));
        for now in (0..rounds).flat_map(|_| Turn::ALL) {
            turn.store(now as u8, Ordering::SeqCst);
            while seen.load(Ordering::SeqCst) != now as u8 && !indexing.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
            for _ in 0..TURN {
                let new = entry(number, 3);
                let began = Instant::now();
                journal.vault.write(|w| entries::insert(w, &new)).unwrap();
                times[now as usize].push(began.elapsed());
                number += 1;
                thread::sleep(Duration::from_millis(10 + dice.below(20)));
            }
        }
        turn.store(Turn::End as u8, Ordering::SeqCst);
        indexing.join().unwrap()
    });
    let medians = times.each_mut().map(|times| quantile(times, 50).as_secs_f64());
    let slow = times.each_mut().map(|times| quantile(times, 90));
    println!("saving, {} saves each in turns, median and p90:", times[0].len());
    println!("  with the index at rest: {:.2?}, {:.2?}", quantile(&mut times[0], 50), slow[0]);
    for (turn, how) in [(Turn::AsWritten, "while somebody writes"), (Turn::FullSpeed, "at full speed")] {
        let idx = turn as usize;
        let (entries, seconds) = figures[idx];
        println!(
            "  beside indexing as it goes {how}: {:.2?}, {:.2?}; ratio {:.2}; {:.1} entries of 3 chunks a second, embedding included",
            quantile(&mut times[idx], 50),
            slow[idx],
            medians[idx] / medians[0],
            entries as f64 / seconds,
        );
    }
    if is_full_size() {
        let idx = Turn::AsWritten as usize;
        let (entries, seconds) = figures[idx];
        assert!(medians[idx] < medians[0] * 1.2, "ratio {}", medians[idx] / medians[0]);
        assert!(entries as f64 / seconds >= 5.0, "{entries} entries in {seconds} seconds");
    }
}
