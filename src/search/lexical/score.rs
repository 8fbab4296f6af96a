//! What a word that was found is worth.

use std::collections::HashMap;

use crate::search::query::Query;

/// A common word weighs this part of what its rarity in the journal would give it.
const COMMON_WEIGHT: f32 = 0.15;
/// A word found nowhere weighs this part: it says that the query speaks in other words than the journal does.
const ABSENT_WEIGHT: f32 = 0.5;
/// BM25's k1 and b, for short texts in which saying a word once says nearly all.
const SATURATION: f32 = 0.4;
const LENGTH_WEIGHT: f32 = 0.4;

/// What each clause of one query weighs in one journal.
///
/// A clause weighs `ln(1 + (N - n + 0.5) / (n + 0.5))` (N entries, n of them say it: BM25's rarity), less when it is a
/// common word or found nowhere. The share of an entry is the weight of the clauses it says over that of all. Its score
/// multiplies each said weight by how much the entry speaks of it (BM25's saturation, in 0 to 1) and by its rarity
/// among all possible rarities, so that only rare words reach 1.
pub(super) struct Weights {
    /// Weight over that of all clauses, and rarity over the greatest possible one.
    clauses: Vec<(f32, f32)>,
}

/// How rare a clause is that so many of so many entries say.
pub(super) fn rarity(found: u32, n_entries: u32) -> f32 {
    let (found, n_entries) = (found as f32, n_entries as f32);
    (1.0 + (n_entries - found + 0.5) / (found + 0.5)).ln()
}

/// How rare each lone word of a query is, of which `found` of so many entries say each clause.
pub(super) fn rarities(query: &Query, found: &[u32], n_entries: u32) -> HashMap<String, f32> {
    let clauses = query.clauses().iter().zip(found);
    let lone = clauses.filter_map(|(clause, found)| match clause.words.as_slice() {
        [word] => Some((word.clone(), rarity(*found, n_entries))),
        _ => None,
    });
    lone.collect()
}

impl Weights {
    /// For clauses that are common or not, with the number of entries that say each, of `n_entries`.
    pub(super) fn new(clauses: impl Iterator<Item = (bool, u32)>, n_entries: u32) -> Self {
        let rarest = rarity(0, n_entries);
        let mut weighed: Vec<(f32, f32)> = clauses
            .map(|(is_common, found)| {
                let absent = if found == 0 { ABSENT_WEIGHT } else { 1.0 };
                let rarity = rarity(found, n_entries);
                (rarity * absent * if is_common { COMMON_WEIGHT } else { 1.0 }, rarity / rarest)
            })
            .collect();
        let total: f32 = weighed.iter().map(|(weight, _)| *weight).sum::<f32>().max(f32::MIN_POSITIVE);
        weighed.iter_mut().for_each(|(weight, _)| *weight /= total);
        Self { clauses: weighed }
    }

    /// What an entry gets for saying a clause `count` times in a form worth `form`; `length` is its own over the
    /// average. Share, then score.
    pub(super) fn of(&self, clause_idx: usize, count: f32, form: f32, length: f32) -> (f32, f32) {
        let Some((weight, rarity)) = self.clauses.get(clause_idx) else { return (0.0, 0.0) };
        let length = 1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length;
        (weight * form, weight * form * rarity * count / (count + SATURATION * length))
    }
}
