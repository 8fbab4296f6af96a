//! What somebody sees who has the file and no key.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use crate::{
    journal::{
        day::Day,
        entry::{Entry, Given, Provenance},
    },
    store::{Store, rows::Rows, tables::Copy},
    vault::{
        drafts::{self, Draft, DraftOf},
        entries, settings,
        tests::{Fixture, NOON, day, entry, reply},
        trash,
        unlocked::Unlocked,
    },
};

/// Key and value lengths of all rows, with how often they occur; and the keys and values themselves.
struct Seen {
    lengths: BTreeMap<(char, usize, usize), usize>,
    small: Vec<(Vec<u8>, Vec<u8>)>,
    records: Vec<(Vec<u8>, Vec<u8>)>,
}

fn look(store: &Store) -> Seen {
    store
        .read(|rows| {
            let mut seen = Seen { lengths: BTreeMap::new(), small: Vec::new(), records: Vec::new() };
            for copy in Copy::BOTH {
                for (key, value) in rows.smalls(copy, b"")? {
                    *seen.lengths.entry((char::from(key[0]), key.len(), value.len())).or_default() += 1;
                    seen.small.push((key, value));
                }
            }
            rows.scan(&[0; 24], &[0xFF; 24], &mut |key, value| {
                *seen.lengths.entry(('r', key.len(), value.len())).or_default() += 1;
                seen.records.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })?;
            Ok::<_, crate::store::error::StoreError>(seen)
        })
        .unwrap()
}

/// A journal with a bit of everything: the same number of records of the same sizes, whatever is in them.
fn journal(
    fixture: &Fixture,
    name: &str,
    days: [Day; 3],
    word: &str,
    is_conversation: bool,
) -> Arc<Unlocked> {
    let (vault, _) = fixture.register(name, "correct horse battery").unwrap();
    let text = |n: usize| format!("{word} ").repeat(n);
    vault
        .write(|w| {
            for (n, on) in (1_u8..).zip(days) {
                let written = Entry { created: NOON + i64::from(n) * 77_000, ..entry(n, on, &text(10)) };
                entries::insert(w, &written)?;
                let made_by = Provenance {
                    model: "m".repeat(8),
                    sha256: [n; 32],
                    settings: String::new(),
                    given: Given::default(),
                };
                let second = if is_conversation {
                    Entry { made_by: Some(made_by), ..reply(n + 10, &written, &text(20)) }
                } else {
                    entry(n + 10, on, &text(20))
                };
                entries::insert(w, &second)?;
            }
            entries::insert(w, &entry(30, days[0], &text(400)))?;
            settings::put(w, "zone", word.as_bytes())?;
            let draft = Draft { text: text(5), saved: NOON, ..Draft::default() };
            drafts::set(w, DraftOf::Day(days[1]), &[draft])?;
            trash::trash(w, crate::vault::tests::id(2), NOON + 1)?;
            Ok(())
        })
        .unwrap();
    vault
}

// proves: SR-61
#[test]
fn a_file_shows_only_the_listed_fields_and_sealed_bytes() {
    let fixture = Fixture::in_memory();
    let vault = journal(&fixture, "Anna", [day(20_779), day(20_780), day(20_800)], "heron", true);
    let id = vault.id();
    let seen = look(&fixture.store);
    assert!(seen.records.len() > 12);
    let uuid: [u8; 16] =
        seen.small.iter().find(|(key, _)| key == b"H").expect("a header").1[16..32].try_into().unwrap();
    for (key, value) in &seen.small {
        // format-v1.md sections 2, 5, 6: everything that is not named here is sealed.
        match (key[0], key.len(), value.len()) {
            (b'H', 1, 192) => assert_eq!(&value[..8], b"LLAMORA1"),
            (b'W', 33, 132) => {
                assert_eq!(
                    (&value[..4], &value[12..19], &value[24..40]),
                    (&b"LLM1"[..], &id.as_bytes()[..], &uuid[..])
                );
                assert!(value[6] != 2 || value[7..11] == [0; 4], "a recovery wrap names no profile");
            }
            (b'K', 8, 4_028) => assert_eq!((&value[..4], &value[8..15]), (&b"LLM1"[..], &id.as_bytes()[..])),
            other => panic!("an unknown small row {other:?}"),
        }
    }
    let clear: [&[u8]; 6] = [b"Anna", b"anna", b"heron", b"zone", b"2026-11-2", b"mmmmmmmm"];
    let mut keys = Vec::new();
    for (key, value) in &seen.records {
        assert_eq!(&key[..7], id.as_bytes());
        assert!(value.len() >= 480 && (value.len() + 32).is_power_of_two(), "{}", value.len());
        keys.push(key[8..].to_vec());
    }
    for (key, value) in seen.small.iter().chain(&seen.records) {
        for word in clear {
            let is_in = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word);
            assert!(!is_in(key) && !is_in(value), "{word:?} is in clear");
        }
    }
    // Blind keys and sealed bytes look random: every bit is set about half of the time.
    let bits = |bytes: &[u8]| {
        bytes.iter().map(|byte| f64::from(byte.count_ones())).sum::<f64>() / (8 * bytes.len()) as f64
    };
    let sealed: Vec<u8> = seen.records.iter().flat_map(|(_, value)| value.iter().copied()).collect();
    assert!((bits(&sealed) - 0.5).abs() < 0.01, "{}", bits(&sealed));
    assert!((bits(&keys.concat()) - 0.5).abs() < 0.08, "{}", bits(&keys.concat()));
    // No two records share sixteen bytes in a row.
    let mut blocks: Vec<&[u8]> = seen.records.iter().flat_map(|(_, value)| value.chunks_exact(16)).collect();
    let n_blocks = blocks.len();
    blocks.sort_unstable();
    blocks.dedup();
    assert_eq!(blocks.len(), n_blocks);
}

// proves: SR-62
#[test]
fn two_lives_of_the_same_size_look_the_same() {
    let first = Fixture::in_memory();
    journal(&first, "Anna", [day(20_779), day(20_780), day(20_800)], "heron", true);
    let second = Fixture::in_memory();
    journal(&second, "Bartholomew of the Marsh", [day(20_100), day(20_140), day(20_200)], "adieu", false);
    assert_eq!(look(&first.store).lengths, look(&second.store).lengths);
    let third = Fixture::in_memory();
    let anna = journal(&third, "Anna", [day(20_779), day(20_780), day(20_800)], "heron", true);
    anna.write(|w| entries::insert(w, &entry(40, day(20_800), "one more"))).unwrap();
    assert_ne!(look(&first.store).lengths, look(&third.store).lengths, "the comparison sees a record more");
}
