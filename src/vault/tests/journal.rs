use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    journal::entry::{Ending, Entry, Given, Provenance, Role},
    journal::ids::TraceId,
    vault::{
        days,
        drafts::{self, Draft, DraftOf},
        entries,
        error::VaultError,
        outbox::{self, Work},
        settings,
        tests::{Fixture, NOON, day, entry, id, ids, reply},
        trash,
        vectors::{self, ChunkVector, EntryVectors},
    },
};

#[test]
fn an_entry_comes_back_as_it_was_saved() {
    let anna = Fixture::in_memory().anna();
    let whole = Entry {
        role: Role::Opening,
        ending: Ending::Interrupted,
        imported: true,
        never_send: true,
        revision: 3,
        traces: vec![TraceId::from_bytes([9; 16])],
        made_by: Some(Provenance {
            model: "m".into(),
            sha256: [4; 32],
            settings: "s".into(),
            given: Given::default(),
        }),
        utc_offset_min: -570,
        ..entry(1, day(-25_567), &"\u{1f389}".repeat(12_000))
    };
    anna.write(|w| entries::insert(w, &whole)).unwrap();
    assert!(anna.read(|r| entries::entry(r, id(1))).unwrap() == Some(whole));
    assert!(anna.read(|r| entries::entry(r, id(2))).unwrap().is_none());
}

#[test]
fn a_day_shows_openings_then_entries_each_with_its_replies() {
    let anna = Fixture::in_memory().anna();
    let today = day(20_779);
    let (first, second) = (entry(1, today, "first"), entry(2, today, "second"));
    let opening = Entry { role: Role::Opening, ..entry(9, today, "good morning") };
    for inserted in [&first, &second, &reply(11, &first, "a"), &opening, &reply(12, &first, "b")] {
        anna.write(|w| entries::insert(w, inserted)).unwrap();
    }
    anna.write(|w| entries::insert(w, &reply(21, &second, "c"))).unwrap();
    anna.write(|w| entries::insert(w, &entry(3, today, "third"))).unwrap();
    assert_eq!(ids(&anna.read(|r| entries::day(r, today)).unwrap()), [9, 1, 11, 12, 2, 21, 3]);
    let count = anna.read(|r| days::year(r, 2026)).unwrap().day(today);
    assert_eq!((count.entries, count.has_reply, count.has_opening), (3, true, true));
    let twice = anna.write(|w| entries::insert(w, &entry(1, day(5), "same id")));
    assert!(matches!(twice, Err(VaultError::Exists)));
    let mut walked = Vec::new();
    anna.read(|r| {
        entries::walk(r, true, &mut |entry| {
            walked.push(entry.id.as_bytes()[0]);
            walked.len() < 4
        })
    })
    .unwrap();
    assert_eq!(walked, [3, 21, 2, 12]);
}

#[test]
fn editing_keeps_earlier_texts_and_refuses_older_revisions() {
    let anna = Fixture::in_memory().anna();
    let first = entry(1, day(7), "one");
    let second = Entry { revision: 2, text: "two".into(), ..first.clone() };
    anna.write(|w| entries::insert(w, &first)).unwrap();
    anna.write(|w| {
        entries::version(w, &first)?;
        entries::replace(w, &second)
    })
    .unwrap();
    assert!(anna.read(|r| entries::day(r, day(7))).unwrap() == [second.clone()]);
    assert!(anna.read(|r| entries::versions(r, id(1))).unwrap() == [first.clone()]);
    assert!(anna.read(|r| entries::page(r, day(7))).unwrap().flaws.is_empty());
    let older = anna.write(|w| entries::replace(w, &first));
    assert!(matches!(older, Err(VaultError::Conflict { stored: 2 })));
    let moved = anna.write(|w| entries::replace(w, &Entry { day: day(8), ..second.clone() }));
    assert!(matches!(moved, Err(VaultError::Missing)));
    assert!(matches!(anna.write(|w| entries::replace(w, &entry(5, day(7), "no"))), Err(VaultError::Missing)));
}

#[test]
fn the_trash_takes_replies_along_and_gives_them_back() {
    let anna = Fixture::in_memory().anna();
    let today = day(20_779);
    let asked = entry(1, today, "asked");
    for inserted in [&asked, &reply(11, &asked, "a"), &reply(12, &asked, "b"), &entry(2, today, "other")] {
        anna.write(|w| entries::insert(w, inserted)).unwrap();
    }
    let shown = || ids(&anna.read(|r| entries::day(r, today)).unwrap());
    assert!(anna.write(|w| trash::trash(w, id(11), NOON + 1)).unwrap().is_some());
    assert_eq!(shown(), [1, 12, 2]);
    assert_eq!(anna.write(|w| trash::trash(w, id(1), NOON + 2)).unwrap().unwrap().deleted, Some(NOON + 2));
    assert_eq!(shown(), [2]);
    assert!(anna.write(|w| trash::trash(w, id(1), NOON + 3)).unwrap().is_none(), "there already");
    let listed = anna.read(trash::trashed).unwrap();
    assert_eq!(listed, [(id(11), NOON + 1), (id(1), NOON + 2)]);
    let work: Vec<_> =
        anna.read(outbox::pending).unwrap().items.iter().map(|item| (item.id, item.work)).collect();
    let removed = |number| (id(number), Work::Remove);
    assert_eq!(work, [(id(2), Work::Index), removed(11), removed(1), removed(12)]);

    assert!(anna.write(|w| trash::restore(w, id(1))).unwrap().is_some());
    assert_eq!(shown(), [1, 12, 2], "the reply thrown away before stays in the trash");
    anna.write(|w| trash::trash(w, id(1), NOON + 4)).unwrap();
    assert!(anna.write(|w| trash::restore(w, id(11))).unwrap().is_some());
    assert_eq!(shown(), [1, 11, 12, 2], "a reply brings back what it answers");
    assert!(anna.write(|w| trash::restore(w, id(11))).unwrap().is_none());
    assert_eq!(anna.read(trash::trashed).unwrap(), []);

    assert!(!anna.write(|w| trash::purge(w, id(1))).unwrap(), "not in the trash");
    anna.write(|w| entries::version(w, &Entry { revision: 1, ..asked.clone() })).unwrap();
    anna.write(|w| trash::trash(w, id(1), NOON + 5)).unwrap();
    assert!(anna.write(|w| trash::purge(w, id(1))).unwrap());
    assert_eq!(shown(), [2]);
    assert!(anna.read(|r| entries::entry(r, id(11))).unwrap().is_none());
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn the_trash_grows_over_many_pages() {
    let anna = Fixture::in_memory().anna();
    let number = |number: u16| crate::journal::ids::EntryId::from_parts(number.into(), [0; 10]);
    anna.write(|w| {
        for page in 0..1_020 {
            let one = Entry { id: number(page), deleted: Some(i64::from(page) + 1), ..entry(0, day(3), "x") };
            entries::insert(w, &one)?;
        }
        Ok(())
    })
    .unwrap();
    let listed = anna.read(trash::trashed).unwrap();
    assert_eq!(listed.len(), 1_020);
    assert_eq!(anna.read(|r| days::neighbours(r, day(4))).unwrap(), (None, None));
    anna.write(|w| trash::restore(w, number(700))).unwrap();
    assert_eq!(anna.read(trash::trashed).unwrap().len(), 1_019);
    assert_eq!(anna.read(|r| days::neighbours(r, day(4))).unwrap(), (Some(day(3)), None));
}

#[test]
fn a_transaction_that_fails_or_panics_leaves_nothing() {
    let anna = Fixture::in_memory().anna();
    anna.write(|w| entries::insert(w, &entry(1, day(1), "kept"))).unwrap();
    let failed = anna.write(|w| {
        entries::insert(w, &entry(2, day(1), "lost"))?;
        Err::<(), _>(VaultError::Missing)
    });
    assert!(matches!(failed, Err(VaultError::Missing)));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        anna.write(|w| -> Result<(), VaultError> {
            entries::insert(w, &entry(3, day(1), "lost"))?;
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(ids(&anna.read(|r| entries::day(r, day(1))).unwrap()), [1]);
    anna.write(|w| entries::insert(w, &entry(4, day(1), "works"))).unwrap();
    assert_eq!(ids(&anna.read(|r| entries::day(r, day(1))).unwrap()), [1, 4]);
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn the_outbox_forgets_what_was_done_and_only_that() {
    let anna = Fixture::in_memory().anna();
    anna.write(|w| entries::insert(w, &entry(1, day(1), "a"))).unwrap();
    anna.write(|w| entries::insert(w, &entry(2, day(1), "b"))).unwrap();
    let taken = anna.read(outbox::pending).unwrap();
    assert_eq!(taken.items.len(), 2);
    anna.write(|w| entries::replace(w, &Entry { revision: 2, ..entry(1, day(1), "changed meanwhile") }))
        .unwrap();
    anna.write(|w| outbox::acknowledge(w, &taken.items)).unwrap();
    let left = anna.read(outbox::pending).unwrap();
    assert_eq!(left.items.iter().map(|item| item.id).collect::<Vec<_>>(), [id(1)]);
    assert!(!left.is_empty() && !left.rescan);
}

#[test]
fn a_full_outbox_asks_for_a_rescan_until_one_that_began_after_it() {
    let anna = Fixture::in_memory().anna();
    let number = |number: u32| crate::journal::ids::EntryId::from_parts(number.into(), [1; 10]);
    let fill = |from: u32| {
        anna.write(|w| {
            for idx in from..from + 513 {
                let on = day(i32::try_from(idx).unwrap());
                entries::insert(w, &Entry { id: number(idx), ..entry(0, on, "x") })?;
            }
            Ok(())
        })
        .unwrap();
    };
    fill(0);
    let taken = anna.read(outbox::pending).unwrap();
    assert!(taken.rescan && taken.items.len() == 1);
    fill(1_000);
    anna.write(|w| outbox::rescanned(w, &taken)).unwrap();
    let again = anna.read(outbox::pending).unwrap();
    assert!(again.rescan, "more was lost since");
    anna.write(|w| outbox::rescanned(w, &again)).unwrap();
    assert!(!anna.read(outbox::pending).unwrap().rescan);
    anna.write(outbox::demand_rescan).unwrap();
    assert!(anna.read(outbox::pending).unwrap().rescan);
}

#[test]
fn drafts_settings_and_vectors_are_kept_replaced_and_removed() {
    let anna = Fixture::in_memory().anna();
    let draft = Draft { text: "half".into(), base_revision: 2, saved: NOON, by: "op".into() };
    let other = Draft { text: "typed in another window".into(), saved: NOON - 1, ..Draft::default() };
    let both = [draft.clone(), other];
    let of = [DraftOf::Day(day(1)), DraftOf::Entry(id(1))];
    let vectors = EntryVectors {
        embedder: [3; 32],
        revision: 1,
        dims: 2,
        chunks: vec![ChunkVector { start: 0, end: 9, values: vec![1, 2, 3, 4] }],
    };
    anna.write(|w| {
        drafts::set(w, of[0], &[Draft { text: "old".into(), ..draft.clone() }])?;
        drafts::set(w, of[0], &both)?;
        settings::put(w, "zone", b"UTC")?;
        settings::put(w, "zone", b"Europe/Paris")?;
        vectors::put(w, id(1), &vectors)
    })
    .unwrap();
    anna.read(|r| {
        assert!(drafts::all(r, of[0])? == both);
        assert!(drafts::all(r, of[1])?.is_empty());
        assert_eq!(settings::get(r, "zone")?.as_deref(), Some(&b"Europe/Paris"[..]));
        assert!(vectors::get(r, id(1))? == Some(vectors.clone()));
        assert!(matches!(settings::get(r, ""), Err(VaultError::SettingName)));
        assert!(matches!(settings::get(r, &"n".repeat(65)), Err(VaultError::SettingName)));
        Ok(())
    })
    .unwrap();
    let ragged = EntryVectors { dims: 3, ..vectors.clone() };
    assert!(anna.write(|w| vectors::put(w, id(2), &ragged)).is_err());
    anna.write(|w| {
        drafts::remove(w, of[0])?;
        settings::remove(w, "zone")?;
        vectors::remove(w, id(1))
    })
    .unwrap();
    anna.read(|r| {
        assert!(drafts::all(r, of[0])?.is_empty() && settings::get(r, "zone")?.is_none());
        assert!(vectors::get(r, id(1))?.is_none());
        Ok(())
    })
    .unwrap();
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn a_day_takes_4096_places_and_no_more() {
    let anna = Fixture::in_memory().anna();
    let number = |number: u32| crate::journal::ids::EntryId::from_parts(number.into(), [2; 10]);
    let one = |idx| Entry { id: number(idx), ..entry(0, day(1), "x") };
    // The list alone, or 4,096 sealed entries and lists would take long.
    anna.write(|w| {
        let mut stored = days::load(w, day(1))?;
        stored.items = (0..4_095)
            .map(|idx| crate::vault::payload::index::DayItemV1 {
                id: *number(idx).as_bytes(),
                role: 1,
                flags: 0,
                rev: 1,
            })
            .collect();
        days::store(w, day(1), &stored)
    })
    .unwrap();
    assert_eq!(anna.read(|r| days::year(r, 1970)).unwrap().day(day(1)).entries, 255, "the count saturates");
    anna.write(|w| entries::insert(w, &one(4_095))).unwrap();
    assert!(matches!(anna.write(|w| entries::insert(w, &one(4_096))), Err(VaultError::DayFull(_))));
    let page = anna.read(|r| entries::page(r, day(1))).unwrap();
    assert_eq!((page.entries.len(), page.flaws.len()), (1, 4_095), "lost entries are named");
}

#[test]
fn nothing_is_left_of_what_is_removed_for_ever() {
    let anna = Fixture::in_memory().anna();
    let today = day(20_779);
    let throw_away = |number: u8| {
        anna.write(|w| trash::trash(w, id(number), NOON)).unwrap();
        anna.write(|w| trash::purge(w, id(number))).unwrap()
    };
    // Once before, for the records that stay: the year, and the empty page of the trash.
    anna.write(|w| entries::insert(w, &entry(9, today, "first"))).unwrap();
    assert!(throw_away(9));
    let before = anna.verify().unwrap().records;

    let mut asked = entry(1, today, "asked");
    anna.write(|w| entries::insert(w, &asked)).unwrap();
    for revision in 2..=4 {
        anna.write(|w| {
            entries::version(w, &asked)?;
            asked.revision = revision;
            entries::replace(w, &asked)
        })
        .unwrap();
    }
    let vectors = EntryVectors { embedder: [1; 32], revision: 4, dims: 0, chunks: Vec::new() };
    anna.write(|w| {
        entries::insert(w, &reply(11, &asked, "a"))?;
        entries::insert(w, &reply(12, &asked, "b"))?;
        for number in [1, 11, 12] {
            vectors::put(w, id(number), &vectors)?;
        }
        let draft = Draft { text: "half".into(), base_revision: 4, saved: NOON, ..Draft::default() };
        drafts::set(w, DraftOf::Entry(id(1)), &[draft])
    })
    .unwrap();
    assert_eq!(
        anna.verify().unwrap().records,
        before + 3 + 3 + 3 + 1 + 1,
        "entries, versions, vectors, draft, day"
    );
    assert!(throw_away(1));
    assert_eq!(anna.verify().unwrap().records, before);
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn removing_many_leaves_what_was_put_back_or_came_later() {
    let anna = Fixture::in_memory().anna();
    for number in 1..=4 {
        anna.write(|w| entries::insert(w, &entry(number, day(number.into()), "x"))).unwrap();
        anna.write(|w| trash::trash(w, id(number), NOON + i64::from(number))).unwrap();
    }
    anna.write(|w| trash::restore(w, id(2))).unwrap();
    let all = [id(1), id(2), id(3), id(4), id(77)];
    assert_eq!(anna.write(|w| trash::purge_all(w, &all, NOON + 3)).unwrap(), 2);
    assert!(anna.read(|r| entries::entry(r, id(2))).unwrap().is_some());
    assert_eq!(anna.read(trash::trashed).unwrap(), [(id(4), NOON + 4)]);
    assert!(anna.verify().unwrap().ok);
}
