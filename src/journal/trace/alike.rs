//! Names that may be meant as one: they differ by an accent, a hyphen, a plural, or one letter.
//!
//! Names that differ by case are one trace already. What is compared is the key of a name without the accents of Latin,
//! Greek and Cyrillic letters and without hyphens. A plural is an English, French or Spanish one. One letter may be
//! missing, another one, or have changed places with its neighbour, where both names have at least five, begin alike,
//! and it is a letter: `2025` and `2026` are two names on purpose.

use std::collections::{BTreeSet, HashMap};

use unicode_normalization::UnicodeNormalization;

/// Fewest letters of names that may differ by one.
const LONG_ENOUGH: usize = 5;
/// Fewest letters of a singular.
const SHORTEST_STEM: usize = 3;

/// The pairs of keys that look alike, by their places, the lower first. Takes about as long as there are letters.
pub fn pairs(keys: &[String]) -> Vec<(usize, usize)> {
    let bare: Vec<Vec<char>> = keys.iter().map(|key| bare(key)).collect();
    let mut found = BTreeSet::new();
    let mut by_bare: HashMap<&[char], Vec<usize>> = HashMap::new();
    for (idx, name) in bare.iter().enumerate().filter(|(_, name)| name.iter().any(|c| c.is_alphabetic())) {
        by_bare.entry(name).or_default().push(idx);
    }
    let mut note = |one: usize, other: usize| {
        if one != other {
            found.insert((one.min(other), one.max(other)));
        }
    };
    for (name, places) in &by_bare {
        let singulars = singulars(name);
        let same =
            places.iter().chain(singulars.iter().filter_map(|one| by_bare.get(one.as_slice())).flatten());
        for one in same {
            places.iter().for_each(|other| note(*one, *other));
        }
    }
    // Names that are one letter apart are equal without some letter of each, or without one of the longer one.
    let mut rests: Vec<(u64, usize)> = Vec::new();
    for (idx, name) in bare.iter().enumerate().filter(|(_, name)| name.len() >= LONG_ENOUGH) {
        rests.extend(hashes_without_one(name).map(|rest| (rest, idx)));
    }
    rests.sort_unstable();
    for places in rests.chunk_by(|one, other| one.0 == other.0) {
        for (n, (_, one)) in places.iter().enumerate() {
            for (_, other) in
                places[n + 1..].iter().filter(|(_, other)| is_one_apart(&bare[*one], &bare[*other]))
            {
                note(*one, *other);
            }
        }
    }
    found.into_iter().collect()
}

fn bare(key: &str) -> Vec<char> {
    let is_accent = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    let without: String = key.nfd().filter(|c| !is_accent(c) && *c != '-').collect();
    without.nfc().collect()
}

/// What this name may be the plural of.
fn singulars(name: &[char]) -> Vec<Vec<char>> {
    let mut all = Vec::new();
    for (ending, instead) in [("s", ""), ("es", ""), ("ies", "y"), ("x", "")] {
        let stem = name.len().saturating_sub(ending.len());
        if stem >= SHORTEST_STEM && name[stem..].iter().copied().eq(ending.chars()) {
            all.push(name[..stem].iter().copied().chain(instead.chars()).collect());
        }
    }
    all
}

/// A hash of a name, and of it without each of its letters but the first, as polynomials over its characters: from the
/// hashes of all beginnings and endings each costs one step, however long the name is. Equal texts have equal hashes;
/// who finds equal hashes compares the texts.
fn hashes_without_one(name: &[char]) -> impl Iterator<Item = u64> + '_ {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut powers = vec![1_u64; name.len() + 1];
    let mut heads = vec![0_u64; name.len() + 1];
    let mut tails = vec![0_u64; name.len() + 1];
    for (n, letter) in name.iter().enumerate() {
        powers[n + 1] = powers[n].wrapping_mul(BASE);
        heads[n + 1] = heads[n].wrapping_mul(BASE).wrapping_add(u64::from(u32::from(*letter)));
    }
    for (n, letter) in name.iter().enumerate().rev() {
        let power = powers[name.len() - 1 - n];
        tails[n] = tails[n + 1].wrapping_add(power.wrapping_mul(u64::from(u32::from(*letter))));
    }
    let places = (1..name.len()).filter(|place| name[*place].is_alphabetic());
    let whole = heads[name.len()];
    let rests = places.map(move |place| {
        heads[place].wrapping_mul(powers[name.len() - 1 - place]).wrapping_add(tails[place + 1])
    });
    std::iter::once(whole).chain(rests)
}

/// Whether one letter is missing, another one, or has changed places with its neighbour.
fn is_one_apart(one: &[char], other: &[char]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.first() != long.first() {
        return false;
    }
    let Some(at) = (0..long.len()).find(|at| short.get(*at) != long.get(*at)) else { return false };
    let are_letters = |name: &[char], places: &[usize]| {
        places.iter().all(|place| name.get(*place).is_some_and(|c| c.is_alphabetic()))
    };
    if short.len() + 1 == long.len() {
        return short[at..] == long[at + 1..] && are_letters(long, &[at]);
    }
    if short.len() != long.len() {
        return false;
    }
    let is_other = short[at + 1..] == long[at + 1..] && are_letters(short, &[at]) && are_letters(long, &[at]);
    let has_changed = at + 1 < long.len()
        && (short[at], short[at + 1]) == (long[at + 1], long[at])
        && short[at + 2..] == long[at + 2..]
        && are_letters(short, &[at, at + 1]);
    is_other || has_changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        let keys = [one, other].map(crate::journal::trace::folded);
        !pairs(&keys).is_empty()
    }

    #[test]
    fn names_that_may_be_one_are_found() {
        for (one, other) in [
            ("caf\u{e9}", "cafe"),
            ("Z\u{fc}rich", "zurich"),
            ("lake", "Lakes"),
            ("box", "boxes"),
            ("diary", "diaries"),
            ("night garden", "nightgarden"),
            ("work", "w-ork"),
            ("strawberry", "strawbery"),
            ("grandmother", "grandmohter"),
            ("garden", "gardin"),
            ("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}", "\u{43f}\u{440}\u{438}\u{432}\u{451}\u{442}"),
        ] {
            assert!(alike(one, other) && alike(other, one), "{one} {other}");
        }
    }

    #[test]
    fn names_that_are_two_on_purpose_are_left_alone() {
        for (one, other) in [
            ("cat", "car"),
            ("lake", "like"),
            ("2025", "2026"),
            ("year 2025", "year 2026"),
            ("trip 1", "trip 12"),
            ("house", "mouse"),
            ("garden", "gardener"),
            ("is", "i"),
            ("\u{1f389}", "\u{1f38a}"),
            ("\u{65e5}\u{8a18}", "\u{65e5}\u{672c}"),
            ("C++", "C#"),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn thousands_of_names_are_compared_at_once() {
        let mut keys: Vec<String> = (0..5_000).map(|n| format!("name-{n}-of-many")).collect();
        assert!(pairs(&keys).is_empty(), "only their numbers differ");
        keys.push("name-77-off-many".to_owned());
        assert_eq!(pairs(&keys), [(77, 5_000)]);
    }
}
