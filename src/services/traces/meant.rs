//! Traces whose names mean the same: `jogging` and `running`.
//!
//! Names are compared by the embedder, behind the list of all traces and once for each name until lock. It is meant to
//! miss rather than to err: the limit was measured on pairs of names (`suggest/quality`), words of which each has
//! siblings that are near and mean something else (days of the week, kin, seasons) are left out, and two traces that any
//! one entry carries are two on purpose.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::{
    blocking,
    journal::trace::{self, Kind},
    search::{
        embed::{EmbedState, EmbedderIdentity},
        fold::fold,
        vectors::dot,
    },
    services::{
        Services,
        sessions::{User, guard},
        traces::suggest::spoken,
    },
    vault::{
        error::VaultError,
        traces::{self, Trace},
        transaction::Reader,
    },
};

/// Names that are compared, those with most entries first.
const COMPARED: usize = 400;
/// Names as near as this mean the same.
pub(super) const SAME: f32 = 0.82;
/// Pairs that are looked at for entries that carry both.
const MOST: usize = 12;

/// Words with siblings that are near to them and are not meant by them, folded, in English and German. Of other
/// languages the embedder knows too little to find any pair.
const SIBLINGS: &str = "monday tuesday wednesday thursday friday saturday sunday weekday weekend montag dienstag \
    mittwoch donnerstag freitag samstag sonnabend sonntag january february march april may june july august september \
    october november december januar februar marz mai juni juli oktober dezember spring summer autumn fall winter \
    fruhling fruhjahr sommer herbst morning noon afternoon evening night midnight morgen mittag abend nacht today \
    yesterday tomorrow mother father mum mom dad mama papa mutter vater brother sister bruder schwester son daughter \
    sohn tochter uncle aunt onkel tante grandma grandpa grandmother grandfather oma opa husband wife mann frau boy girl \
    north south east west norden suden osten westen breakfast lunch dinner supper left right up down good bad happy sad \
    love hate hot cold day week month year one two three four five six seven eight nine ten";

/// Which names mean the same, until lock.
#[derive(Default)]
pub(crate) struct Meant(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The keys that were compared, in order.
    of: Vec<String>,
    is_looking: bool,
    by: Option<EmbedderIdentity>,
    vectors: HashMap<String, Vec<f32>>,
    pairs: Vec<(String, String)>,
}

impl Services {
    /// Pairs of keys of names that mean the same, nearest first, as far as they are known. What is not known yet is
    /// looked for behind, and is there the next time.
    pub(super) fn meant_alike(self: &Arc<Self>, user: &Arc<User>, all: &[Trace]) -> Vec<(String, String)> {
        let EmbedState::Ready(embedder) = self.embed.state() else { return Vec::new() };
        let mut words: Vec<&Trace> = all.iter().filter(|found| found.kind == Kind::Word).collect();
        words.sort_by(|one, other| other.count.cmp(&one.count).then(one.id.cmp(&other.id)));
        let mut names: Vec<(String, String)> = words
            .into_iter()
            .filter(|found| may_mean(&found.name))
            .take(COMPARED)
            .map(|found| (trace::folded(&found.name), spoken(&found.name)))
            .collect();
        names.sort();
        let mut known = guard(&user.meant.0);
        let is_of_these =
            known.by.as_ref() == Some(&embedder) && known.of.iter().eq(names.iter().map(|(key, _)| key));
        if !is_of_these && !known.is_looking {
            known.is_looking = true;
            let (services, user) = (Arc::clone(self), Arc::clone(user));
            self.tasks.spawn(async move {
                let mut locked = user.locked.clone();
                tokio::select! {
                    () = services.look_for_meant(&user, names, embedder) => {}
                    () = locked.wait() => {}
                }
                guard(&user.meant.0).is_looking = false;
            });
        }
        known.pairs.clone()
    }

    async fn look_for_meant(&self, user: &User, names: Vec<(String, String)>, embedder: EmbedderIdentity) {
        let mut vectors = {
            let known = guard(&user.meant.0);
            if known.by.as_ref() == Some(&embedder) { known.vectors.clone() } else { HashMap::new() }
        };
        vectors.retain(|key, _| names.binary_search_by(|(known, _)| known.cmp(key)).is_ok());
        let new: Vec<&(String, String)> =
            names.iter().filter(|(key, _)| !vectors.contains_key(key)).collect();
        if !new.is_empty() {
            let texts = new.iter().map(|(_, spoken)| spoken.clone()).collect();
            // What cannot be looked at now is looked at when the list is shown again.
            let Ok(found) = self.embed.embed(texts).await else { return };
            vectors.extend(new.iter().map(|(key, _)| key.clone()).zip(found));
        }
        let of: Vec<String> = names.into_iter().map(|(key, _)| key).collect();
        let compare = (of.clone(), vectors.clone());
        let found = blocking::brief(move || near_pairs(&compare.0, &compare.1)).await;
        let mut known = guard(&user.meant.0);
        known.pairs = found.unwrap_or_default();
        (known.of, known.vectors, known.by) = (of, vectors, Some(embedder));
    }
}

/// Of these pairs of keys the first few that no entry carries both of.
///
/// # Errors
/// Store errors.
pub(super) fn never_together(
    r: &Reader<'_>,
    all: &[Trace],
    pairs: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, VaultError> {
    if pairs.is_empty() {
        return Ok(pairs);
    }
    let ids: HashMap<String, _> = all.iter().map(|found| (trace::folded(&found.name), found.id)).collect();
    let mut kept = Vec::new();
    for (one, other) in pairs.into_iter().take(MOST) {
        let (Some(first), Some(second)) = (ids.get(&one), ids.get(&other)) else { continue };
        let of_first: std::collections::HashSet<_> =
            traces::entries(r, *first)?.into_iter().map(|link| link.entry).collect();
        if traces::entries(r, *second)?.iter().all(|link| !of_first.contains(&link.entry)) {
            kept.push((one, other));
        }
    }
    Ok(kept)
}

/// Pairs of keys whose vectors are near enough, nearest first.
fn near_pairs(keys: &[String], vectors: &HashMap<String, Vec<f32>>) -> Vec<(String, String)> {
    let known: Vec<(&String, &Vec<f32>)> =
        keys.iter().filter_map(|key| Some((key, vectors.get(key)?))).collect();
    let mut found: Vec<(f32, &String, &String)> = Vec::new();
    for (n, (one, vector)) in known.iter().enumerate() {
        for (other, near) in known[n + 1..].iter().map(|(other, with)| (other, dot(vector, with))) {
            if near >= SAME {
                found.push((near, one, other));
            }
        }
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found.into_iter().map(|(_, one, other)| (one.clone(), other.clone())).collect()
}

/// Whether a name may mean the same as another: none of its words is a number or has siblings.
pub(super) fn may_mean(name: &str) -> bool {
    let folded = fold(name);
    let says = |word: &str| SIBLINGS.split_ascii_whitespace().any(|sibling| sibling == word);
    let mut words = folded.split('-').filter(|word| !word.is_empty());
    !folded.chars().any(char::is_numeric) && !words.any(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_pairs_and_siblings_and_numbers_never() {
        let keys = ["jogging", "lake", "running"].map(str::to_owned);
        let vectors = [vec![1.0, 0.0], vec![0.0, 1.0], vec![0.9, 0.43]];
        let known: HashMap<String, Vec<f32>> = keys.iter().cloned().zip(vectors).collect();
        assert_eq!(near_pairs(&keys, &known), [("jogging".to_owned(), "running".to_owned())]);
        assert!(may_mean("jogging") && may_mean("night-train") == may_mean("Night") && !may_mean("Monday"));
        assert!(!may_mean("2025") && !may_mean("trip-1") && !may_mean("M\u{e4}rz"));
    }
}
