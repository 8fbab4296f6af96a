//! One list out of two: what was said and what was meant.
//!
//! Each entry gets `meaning + words`, where
//!
//! - `meaning` is the cosine of its nearest chunk, stretched so that [`FLOOR`] is 0 and [`CEILING`] is 1;
//! - `words` is the score of the words (`lexical/score.rs`) times the share of the query it covers.
//!
//! Both lie in 0 to 1. For a name, a number or a rare word the word score is near 1 and decides. For a question in
//! other words than the journal's, entries share only common words with it: their share is small, its product with the
//! score smaller still, and meaning leads. (Adding reciprocal ranks instead halved the quality of such queries, because
//! a word list ranks entries that share only common words as high as any.)
//!
//! What the model wrote counts a little less ([`MACHINE_FACTOR`]). Where it says no more of the query than an entry of the
//! writer on the same day does, it counts less than that entry: a reply repeats the words of what it answers, often more
//! of them and in fewer others.
//!
//! An entry is a result when it says at least [`ENOUGH_SAID`] of the query, or some of both, or when its meaning reaches
//! the floor and the query fits the journal at all: its nearest entry reaches [`FITS`] (less where few entries can be
//! results: [`FITS_ONE`]), or [`FITS_UNKNOWN`] when the
//! query is one word that the journal never says. Otherwise it does not fit; the next nearest few are offered apart
//! ([`perhaps`]). Pure: no state, no clock.
//!
//! # Figures
//! Tuned with all-MiniLM-L6-v2 on the tuning half of the judged set in `tests/quality` (180 entries, 146 queries), by
//! the test in `search/tests/quality.rs`, which prints the table (`make bench-search`). In the tuning half the nearest
//! entry to a query that nothing fits is at 0.16 to 0.32 (0.41 for an unknown name), that to a paraphrase at 0.27 to
//! 0.51, but the true answer among them at 0.17 to 0.43. So no threshold for single entries parts the two, while the
//! nearest one tells fairly well whether a query fits; once it does, the entries after it are worth showing. With a
//! threshold for single entries of 0.25 alone, queries that nothing fits gave nothing in 6 of 13 cases; with one of
//! 0.33 alone in 11 of 13, but the answers to paraphrases fell from 0.48 to 0.40.
//!
//! nDCG@10 in the reporting half (words alone and meaning alone without any threshold), and how often an entry that
//! was meant is among the first three shown:
//!
//! | kind | queries | words | meaning | both | first three |
//! |---|---|---|---|---|---|
//! | names | 8 | 0.955 | 0.766 | 0.933 | 1.00 |
//! | numbers | 6 | 1.000 | 0.548 | 1.000 | 1.00 |
//! | phrases | 7 | 0.982 | 0.828 | 0.995 | 1.00 |
//! | accents, case | 6 | 0.970 | 0.771 | 0.997 | 1.00 |
//! | misspellings | 7 | 0.857 | 0.441 | 0.952 | 1.00 |
//! | other languages | 8 | 0.613 | 0.575 | 0.637 | 0.62 |
//! | paraphrases | 18 | 0.226 | 0.580 | 0.604 | 0.72 |
//! | all | 60 | 0.688 | 0.633 | 0.817 | 0.87 |
//!
//! Of 13 queries that nothing fits, 11 give no result. In the tuning half: 0.661, 0.594, 0.757, and 11 of 13.
//! In journals of 3, 5, 10 and 20 entries drawn from the reporting half (400 each), the answer to a paraphrase reached
//! the threshold for that size in 77, 65, 66 and 62 of 100 (61, 60, 62 and 62 with 0.32), and the nearest entry to a query
//! that nothing fits in 7, 5, 5 and 6 (at most 4 with 0.32); in the tuning half 84, 80, 72 and 64, and 11, 10, 13 and 14.
//! Entries in other languages are found mostly by words.

use std::{
    cmp::{Ordering, Reverse},
    collections::{HashMap, HashSet},
    ops::Range,
};

use crate::{
    journal::{day::Day, ids::EntryId},
    search::{
        engine::Near,
        lexical::{Seen, WordHit, WordHits},
    },
};

/// Cosine of the nearest entry from which a query fits a journal of 30 entries or more.
pub const FITS: f32 = 0.32;
/// The same for a journal of one entry. The nearest of many entries that have nothing to do with a query is nearer than
/// the nearest of a few.
pub const FITS_ONE: f32 = 0.20;
/// What is added with each doubling of the entries, up to [`FITS`].
const FITS_DOUBLED: f32 = 0.025;
/// The same for a lone word that the journal never says: the embedder knows names and misspelt words by their letters
/// only, and finds something near to each.
pub const FITS_UNKNOWN: f32 = 0.42;
/// Cosine from which an entry is a result by meaning alone, if the query fits.
pub const FLOOR: f32 = 0.25;
/// Cosine from which an entry is worth offering when few fit.
pub const PERHAPS: f32 = 0.14;
/// Results and offers together reach this number at most by offers.
const FEW: usize = 3;
/// Cosine that counts as full agreement.
pub const CEILING: f32 = 0.70;
/// Share of the query's weight from which an entry is a result by its words alone.
pub const ENOUGH_SAID: f32 = 0.5;
/// Share from which words together with a cosine of [`NEARLY`] make a result.
pub const SOME_SAID: f32 = 0.2;
const NEARLY: f32 = 0.22;
/// How much words count beside meaning.
const WORDS_WEIGHT: f32 = 1.2;
/// The model's texts repeat the writer's; of like results the writer's come first.
const MACHINE_FACTOR: f32 = 0.95;

/// A result.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranked {
    /// The entry.
    pub seen: Seen,
    /// 0 and more; only the order means something.
    pub score: f32,
    /// Says none of the telling words: say so beside it.
    pub only_meaning: bool,
    /// Chunk nearest in meaning, as bytes of the plain text; where a snippet without marks begins.
    pub chunk: Option<Range<usize>>,
}

/// Makes one list, best first, newer first among equals.
///
/// `near` may hold entries that are gone or barred; only those `words` allows become results. Without `near` (no
/// embedder) the words alone decide.
pub fn fuse(words: &WordHits, near: &[Near]) -> Vec<Ranked> {
    let by_meaning: HashMap<EntryId, &Near> = near.iter().map(|near| (near.meta.id, near)).collect();
    let floor = floor(words, near);
    let mut said = HashSet::new();
    let mut judged: Vec<(Ranked, f32)> = words
        .hits
        .iter()
        .filter_map(|hit| {
            let near = by_meaning.get(&hit.seen.id).copied();
            said.extend(near.map(|_| hit.seen.id));
            judge(hit.seen, Some(hit), near, floor)
        })
        .collect();
    judged.extend(near.iter().filter(|near| !said.contains(&near.meta.id)).filter_map(|near| {
        let seen = words.allowed.get(&near.meta.id)?;
        judge(*seen, None, Some(near), floor)
    }));
    put_after_the_writer(&mut judged);
    let mut ranked: Vec<Ranked> = judged.into_iter().map(|(ranked, _)| ranked).collect();
    ranked.sort_by(best_first);
    ranked
}

/// Lets what the model wrote count less than what the writer said as much in on the same day. With each result stands the
/// share of the query that it says.
fn put_after_the_writer(judged: &mut [(Ranked, f32)]) {
    let mut own: HashMap<Day, Vec<(f32, f32)>> = HashMap::new();
    for (ranked, share) in
        judged.iter().filter(|(ranked, share)| !ranked.seen.machine && *share >= ENOUGH_SAID)
    {
        own.entry(ranked.seen.day).or_default().push((*share, ranked.score));
    }
    for (ranked, share) in
        judged.iter_mut().filter(|(ranked, share)| ranked.seen.machine && *share >= ENOUGH_SAID)
    {
        let said_as_much = own.get(&ranked.seen.day).into_iter().flatten().filter(|own| own.0 >= *share);
        if let Some(best) = said_as_much.map(|(_, score)| *score).max_by(f32::total_cmp) {
            ranked.score = ranked.score.min(best * MACHINE_FACTOR);
        }
    }
}

/// When less than three fit and none by its words: the next nearest in meaning, which may well be beside the point.
///
/// `results` is what [`fuse`] gave for the same lists. Show these apart from the results, with a word of doubt, or not
/// at all; never count them.
pub fn perhaps(words: &WordHits, near: &[Near], results: &[Ranked]) -> Vec<Ranked> {
    if words.hits.iter().any(|hit| hit.share >= ENOUGH_SAID) {
        return Vec::new();
    }
    near.iter()
        .filter(|near| near.score >= PERHAPS && results.iter().all(|result| result.seen.id != near.meta.id))
        .filter_map(|near| {
            let seen = *words.allowed.get(&near.meta.id)?;
            Some(Ranked { seen, score: 0.0, only_meaning: true, chunk: Some(near.range()) })
        })
        .take(FEW.saturating_sub(results.len()))
        .collect()
}

/// Puts the newest day first, and within a day the newest entry.
pub fn newest_first(results: &mut [Ranked]) {
    results.sort_by_key(|result| Reverse((result.seen.day, result.seen.created, result.seen.id)));
}

/// Cosine from which meaning alone makes a result of this query; out of reach when it does not fit the journal.
fn floor(words: &WordHits, near: &[Near]) -> f32 {
    let fits = if words.unknown_word { FITS_UNKNOWN } else { fits(words.allowed.len()) };
    let is_near = |near: &Near| near.score >= fits && words.allowed.contains_key(&near.meta.id);
    if near.iter().any(is_near) { FLOOR.min(fits) } else { f32::INFINITY }
}

/// Cosine from which the nearest of so many entries says that a query fits them.
fn fits(n_entries: usize) -> f32 {
    (FITS_ONE + FITS_DOUBLED * (n_entries.max(1) as f32).log2()).min(FITS)
}

/// A result, and the share of the query that it says.
fn judge(seen: Seen, hit: Option<&WordHit>, near: Option<&Near>, floor: f32) -> Option<(Ranked, f32)> {
    let cosine = near.map_or(0.0, |near| near.score);
    let (share, said) = hit.map_or((0.0, 0.0), |hit| (hit.share, hit.score));
    let fits = cosine >= floor || share >= ENOUGH_SAID || (share >= SOME_SAID && cosine >= NEARLY);
    if !fits {
        return None;
    }
    let meaning = ((cosine - FLOOR) / (CEILING - FLOOR)).clamp(0.0, 1.0);
    let score = meaning + WORDS_WEIGHT * said * share;
    let ranked = Ranked {
        seen,
        score: if seen.machine { score * MACHINE_FACTOR } else { score },
        only_meaning: share < SOME_SAID,
        chunk: near.map(Near::range),
    };
    Some((ranked, share))
}

fn best_first(left: &Ranked, right: &Ranked) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| right.seen.created.cmp(&left.seen.created))
        .then_with(|| right.seen.id.cmp(&left.seen.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::entry::Role, search::engine::Meta};

    fn seen(number: u8) -> Seen {
        let id = EntryId::from_parts(i64::from(number), [number; 10]);
        let day = Day::from_number(i32::from(number)).unwrap();
        Seen { id, day, created: i64::from(number), machine: false }
    }

    fn near(number: u8, score: f32) -> Near {
        let day = Day::from_number(0).unwrap();
        let meta =
            Meta { id: seen(number).id, revision: 1, day, created: i64::from(number), role: Role::Writer };
        Near { meta, chunk_idx: 0, start: 3, end: 9, score }
    }

    fn words(allowed: &[u8], hits: &[(u8, f32, f32)]) -> WordHits {
        WordHits {
            hits: hits
                .iter()
                .map(|(number, share, score)| WordHit { seen: seen(*number), share: *share, score: *score })
                .collect(),
            allowed: allowed.iter().map(|number| (seen(*number).id, seen(*number))).collect(),
            unknown_word: false,
            rarities: HashMap::new(),
            wanted: Vec::new(),
        }
    }

    /// Entries of a journal that is not tiny.
    const MANY: [u8; 32] = {
        let mut many = [0; 32];
        let mut idx = 0;
        while idx < 32 {
            many[idx] = idx as u8 + 1;
            idx += 1;
        }
        many
    };

    fn order(words: &WordHits, near: &[Near]) -> Vec<i64> {
        fuse(words, near).iter().map(|ranked| ranked.seen.created).collect()
    }

    #[test]
    fn a_rare_word_leads_and_common_ones_do_not() {
        let meaning = [near(1, 0.55), near(2, 0.35)];
        assert_eq!(order(&words(&[1, 2], &[(2, 1.0, 0.8)]), &meaning), [2, 1]);
        assert_eq!(order(&words(&[1, 2], &[(2, 0.3, 0.2)]), &meaning), [1, 2]);
    }

    #[test]
    fn newest_first_goes_by_day_then_by_moment() {
        let mut results = fuse(&words(&[1, 2, 3], &[(1, 1.0, 0.8), (2, 1.0, 0.5), (3, 1.0, 0.9)]), &[]);
        results.iter_mut().find(|result| result.seen.created == 1).unwrap().seen.day =
            Day::from_number(9).unwrap();
        newest_first(&mut results);
        assert_eq!(results.iter().map(|result| result.seen.created).collect::<Vec<_>>(), [1, 3, 2]);
    }

    #[test]
    fn when_nothing_fits_there_are_no_results() {
        let walked = words(&MANY, &[(3, 0.1, 0.05)]);
        let meaning = [near(1, FITS - 0.01), near(2, 0.0)];
        assert!(fuse(&walked, &meaning).is_empty());
        let offers = perhaps(&walked, &meaning, &[]);
        assert_eq!(offers.iter().map(|ranked| ranked.seen.created).collect::<Vec<_>>(), [1]);
        assert!(fuse(&words(&[], &[]), &[]).is_empty());
    }

    #[test]
    fn the_nearest_entry_says_whether_the_query_fits_at_all() {
        let mut walked = words(&MANY, &[]);
        assert_eq!(order(&walked, &[near(1, FITS), near(2, FLOOR), near(3, FLOOR - 0.01)]), [1, 2]);
        assert!(order(&walked, &[near(1, FITS - 0.01), near(2, FLOOR)]).is_empty());
        assert!(
            order(&walked, &[near(99, 0.9), near(2, FLOOR)]).is_empty(),
            "only entries that may be results tell"
        );
        walked.unknown_word = true;
        assert!(order(&walked, &[near(1, FITS_UNKNOWN - 0.01), near(2, FITS)]).is_empty());
        assert_eq!(order(&walked, &[near(1, FITS_UNKNOWN), near(2, FLOOR)]), [1, 2]);
    }

    #[test]
    fn in_a_tiny_journal_less_is_enough() {
        assert_eq!(order(&words(&[1], &[]), &[near(1, 0.21)]), [1]);
        assert_eq!(order(&words(&[1, 2, 3, 4], &[]), &[near(1, 0.26), near(2, 0.24)]), [1]);
        assert!(order(&words(&[1, 2, 3, 4, 5, 6, 7, 8], &[]), &[near(1, 0.26)]).is_empty());
        let sizes = [0, 1, 2, 5, 20, 30, 1_000_000];
        assert!(sizes.map(fits).is_sorted() && fits(30) == FITS && fits(1_000_000) == FITS);
    }

    #[test]
    fn doubtful_ones_are_offered_apart_and_not_beside_words_that_were_said() {
        let meaning = [near(1, 0.6), near(2, 0.2), near(3, 0.18), near(4, 0.17), near(5, 0.1)];
        let offered = |walked: &WordHits| perhaps(walked, &meaning, &fuse(walked, &meaning)).len();
        assert_eq!(offered(&words(&[1, 2, 3, 4, 5], &[])), 2);
        assert_eq!(offered(&words(&[1, 3, 5], &[])), 1);
        assert_eq!(offered(&words(&[1, 2, 3, 4, 5], &[(1, 1.0, 0.7)])), 0);
    }

    #[test]
    fn gone_and_barred_entries_are_no_results() {
        assert_eq!(order(&words(&[2], &[]), &[near(1, 0.9), near(2, 0.5)]), [2]);
    }

    #[test]
    fn results_by_meaning_alone_are_marked_and_know_their_chunk() {
        let ranked = fuse(&words(&[1, 2], &[(2, 1.0, 0.7)]), &[near(1, 0.6), near(2, 0.4)]);
        assert_eq!(ranked.iter().map(|ranked| ranked.only_meaning).collect::<Vec<_>>(), [false, true]);
        assert_eq!(ranked[1].chunk, Some(3..9));
    }

    #[test]
    fn words_alone_are_enough_without_an_embedder() {
        assert_eq!(order(&words(&[1, 2], &[(1, 0.6, 0.3), (2, 1.0, 0.7)]), &[]), [2, 1]);
    }

    #[test]
    fn equals_stand_newest_first_and_the_writer_before_the_model() {
        assert_eq!(order(&words(&[1, 2], &[]), &[near(1, 0.5), near(2, 0.5)]), [2, 1]);
        let mut walked = words(&[1, 2], &[]);
        walked.allowed.get_mut(&seen(2).id).unwrap().machine = true;
        assert_eq!(order(&walked, &[near(1, 0.5), near(2, 0.5)]), [1, 2]);
    }

    #[test]
    fn a_reply_that_repeats_a_word_stands_after_what_it_answers() {
        let ask = |own: (f32, f32), day| {
            let mut walked = words(&[1, 2], &[(1, own.0, own.1), (2, 1.0, 0.9)]);
            walked.hits[1].seen.machine = true;
            walked.hits[1].seen.day = Day::from_number(day).unwrap();
            order(&walked, &[near(1, 0.4), near(2, 0.6)])
        };
        assert_eq!(ask((1.0, 0.6), 1), [1, 2]);
        assert_eq!(ask((1.0, 0.6), 7), [2, 1], "it answers something else");
        assert_eq!(ask((0.6, 0.6), 1), [2, 1], "it says more of what was asked for");
    }
}
