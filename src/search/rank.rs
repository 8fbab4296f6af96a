//! One list out of two: what was said and what was meant.
//!
//! Each entry gets `meaning + words`, where
//!
//! - `meaning` is the cosine of its nearest chunk, stretched so that [`FLOOR`] is 0 and [`CEILING`] is 1;
//! - `words` is the score of [`crate::search::lexical::Matcher::finish`] times the share of the query it covers.
//!
//! Both lie in 0 to 1. For a name, a number or a rare word the word score is near 1 and decides. For a question in
//! other words than the journal's, entries share only common words with it: their share is small, its product with the
//! score smaller still, and meaning leads. (Adding reciprocal ranks instead halved the quality of such queries, because
//! a word list ranks entries that share only common words as high as any.)
//!
//! An entry is a result when its meaning reaches the floor, or it says at least [`ENOUGH_SAID`] of the query, or some
//! of both. Otherwise it does not fit; the next nearest few are offered apart ([`perhaps`]). Pure: no state, no clock.
//!
//! The floor was calibrated with all-MiniLM-L6-v2 on the diary in `search/tests/quality.rs`: the best cosine for ten queries
//! that nothing fits is 0.08 to 0.24 (the highest for a lone unknown name), that of true answers to paraphrases 0.15
//! to 0.57 with half of them above 0.37. No threshold parts the two, so the range from [`PERHAPS`] up to the floor is
//! kept apart instead of shown as results or lost.

use std::{cmp::Ordering, collections::HashMap, ops::Range};

use crate::{
    journal::ids::EntryId,
    search::{
        engine::Near,
        lexical::{Seen, WordHit, WordHits},
    },
};

/// Cosine from which an entry is a result by meaning alone.
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
const SOME_SAID: f32 = 0.2;
const NEARLY: f32 = 0.18;
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
    let by_word: HashMap<EntryId, &WordHit> = words.hits.iter().map(|hit| (hit.seen.id, hit)).collect();
    let by_meaning: HashMap<EntryId, &Near> = near.iter().map(|near| (near.meta.id, near)).collect();
    let only_by_meaning = near.iter().map(|near| near.meta.id).filter(|id| !by_word.contains_key(id));
    let mut ranked: Vec<Ranked> = words
        .hits
        .iter()
        .map(|hit| hit.seen.id)
        .chain(only_by_meaning)
        .filter_map(|id| {
            let seen = words.allowed.get(&id)?;
            judge(*seen, by_word.get(&id).copied(), by_meaning.get(&id).copied())
        })
        .collect();
    ranked.sort_by(best_first);
    ranked
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

fn judge(seen: Seen, hit: Option<&WordHit>, near: Option<&Near>) -> Option<Ranked> {
    let cosine = near.map_or(0.0, |near| near.score);
    let (share, said) = hit.map_or((0.0, 0.0), |hit| (hit.share, hit.score));
    let fits = cosine >= FLOOR || share >= ENOUGH_SAID || (share >= SOME_SAID && cosine >= NEARLY);
    if !fits {
        return None;
    }
    let meaning = ((cosine - FLOOR) / (CEILING - FLOOR)).clamp(0.0, 1.0);
    let score = meaning + WORDS_WEIGHT * said * share;
    Some(Ranked {
        seen,
        score: if seen.machine { score * MACHINE_FACTOR } else { score },
        only_meaning: share < SOME_SAID,
        chunk: near.map(Near::range),
    })
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
    use crate::{
        journal::{day::Day, entry::Role},
        search::engine::Meta,
    };

    fn seen(number: u8) -> Seen {
        let id = EntryId::from_parts(i64::from(number), [number; 10]);
        Seen { id, created: i64::from(number), machine: false }
    }

    fn near(number: u8, score: f32) -> Near {
        let day = Day::from_number(0).unwrap();
        let meta = Meta { id: seen(number).id, day, created: i64::from(number), role: Role::Writer };
        Near { meta, chunk_idx: 0, start: 3, end: 9, score }
    }

    fn words(allowed: &[u8], hits: &[(u8, f32, f32)]) -> WordHits {
        WordHits {
            hits: hits
                .iter()
                .map(|(number, share, score)| WordHit { seen: seen(*number), share: *share, score: *score })
                .collect(),
            allowed: allowed.iter().map(|number| (seen(*number).id, seen(*number))).collect(),
        }
    }

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
    fn when_nothing_fits_there_are_no_results() {
        let walked = words(&[1, 2, 3], &[(3, 0.1, 0.05)]);
        let meaning = [near(1, FLOOR - 0.01), near(2, 0.0)];
        assert!(fuse(&walked, &meaning).is_empty());
        let offers = perhaps(&walked, &meaning, &[]);
        assert_eq!(offers.iter().map(|ranked| ranked.seen.created).collect::<Vec<_>>(), [1]);
        assert!(fuse(&words(&[], &[]), &[]).is_empty());
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
}
