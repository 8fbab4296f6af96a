//! Out and in again: nothing is lost, nothing is doubled, nothing makes a reader panic.

mod hostile;
mod others;

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use crate::{
    clock::Fixed,
    crypto::{canon::Name, secret::Password},
    journal::{
        day::Day,
        entry::{Ending, Entry, EntryText, Given, LeftOut, Provenance, Role},
        ids::EntryId,
    },
    services::transfer::{
        Circumstances, Format, export,
        import::{self, Import, Tally},
        read::{self, Parsed, ReadError},
    },
    store::Store,
    vault::{
        KdfChoice, Vaults, entries, trash,
        unlocked::Unlocked,
        whole::{self, Item},
    },
};

/// 2026-11-22 12:00 UTC.
const NOON: i64 = 1_795_348_800_000;

/// An empty journal.
fn journal() -> Arc<Unlocked> {
    let store = Arc::new(Store::in_memory().unwrap());
    let vaults = Vaults::open(store, Arc::new(Fixed::at(NOON)), KdfChoice::Cheap).unwrap();
    vaults
        .register(&Name::choose("Anna").unwrap(), "Anna", &Password::choose("correct horse").unwrap())
        .unwrap()
        .0
}

fn around() -> Circumstances {
    let zone_name = "Europe/Berlin".to_owned();
    Circumstances { now: NOON, zone: crate::journal::day::zone(&zone_name).unwrap(), zone_name }
}

fn read(name: &str, bytes: &[u8]) -> Result<Parsed, ReadError> {
    read::file(name, bytes.to_vec(), &around(), &Fixed::at(NOON))
}

fn exported(vault: &Unlocked, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    export::to_file(vault, format, &around(), &mut out).unwrap();
    out
}

fn import(vault: &Unlocked, parsed: Parsed) -> Tally {
    let mut import = Import::new(parsed.items);
    while import.step(vault).unwrap() {}
    import.tally
}

/// All that a journal holds, day by day.
fn holds(vault: &Unlocked) -> BTreeMap<Day, Vec<Item>> {
    let days = vault.read(whole::days).unwrap();
    days.into_iter().map(|day| (day, vault.read(|r| whole::day(r, day)).unwrap().items)).collect()
}

/// The same as an import leaves it: everything that came in is marked so.
fn as_imported(mut items: BTreeMap<Day, Vec<Item>>) -> BTreeMap<Day, Vec<Item>> {
    for item in items.values_mut().flatten() {
        item.entry.imported = true;
        item.versions.iter_mut().for_each(|version| version.imported = true);
    }
    items
}

fn entry(number: u8, day: Day, text: &str) -> Entry {
    Entry {
        id: EntryId::from_parts(NOON - 1_000 + i64::from(number), [number; 10]),
        role: Role::Writer,
        ending: Ending::Whole,
        imported: false,
        never_send: false,
        day,
        created: NOON - 86_400_000 + i64::from(number),
        updated: NOON - 3_600_000,
        zone: "Asia/Kathmandu".to_owned(),
        utc_offset_min: 345,
        revision: 1,
        deleted: None,
        reply_to: None,
        traces: Vec::new(),
        text: text.to_owned(),
        made_by: None,
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Text of an entry, of any script and with everything that our formats use themselves.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        5 => "\\PC{1,12}",
        2 => "[a-zA-Z ]{1,20}",
        1 => Just("<!-- llamora {\"id\":1} -->".to_owned()),
        1 => Just("\\<!-- llamora ".to_owned()),
        1 => Just("---".to_owned()),
        1 => Just("## 13:00".to_owned()),
        1 => Just("\u{2028}\u{feff}\t".to_owned()),
    ];
    let line = prop_oneof![4 => word.clone(), 1 => Just(String::new()), 1 => word.prop_map(|word| format!("    {word}"))];
    prop::collection::vec(line, 1..6)
        .prop_map(|lines| lines.join("\n"))
        .prop_filter_map("an entry", |text| EntryText::parse(&text).ok().map(EntryText::into_string))
}

/// What a person did on a few days.
#[derive(Clone, Debug)]
struct Written {
    day: Day,
    texts: Vec<String>,
    replies: Vec<(String, Ending, bool)>,
    is_trashed: bool,
    never_send: bool,
}

fn written() -> impl Strategy<Value = Written> {
    let day = (-25_567i32..20_779).prop_filter_map("a day", Day::from_number);
    let near = (20_770i32..20_779).prop_filter_map("a day", Day::from_number);
    let ending =
        prop::sample::select(vec![Ending::Whole, Ending::Stopped, Ending::Failed, Ending::Interrupted]);
    let reply = ("[a-z ]{0,5}\\PC{0,20}", ending, any::<bool>());
    (
        prop_oneof![day, near],
        prop::collection::vec(text(), 1..4),
        prop::collection::vec(reply, 0..3),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(day, texts, replies, is_trashed, never_send)| Written {
            day,
            texts,
            replies,
            is_trashed,
            never_send,
        })
}

fn write(vault: &Unlocked, all: &[Written]) {
    let mut number = 0;
    for written in all {
        number += 1;
        let mut entry =
            Entry { never_send: written.never_send, ..entry(number, written.day, &written.texts[0]) };
        vault.write(|w| entries::insert(w, &entry)).unwrap();
        for text in &written.texts[1..] {
            let edited = Entry {
                text: text.clone(),
                revision: entry.revision + 1,
                updated: entry.updated + 1,
                ..entry.clone()
            };
            vault
                .write(|w| {
                    entries::version(w, &entry)?;
                    entries::replace(w, &edited)
                })
                .unwrap();
            entry = edited;
        }
        for (text, ending, is_trashed) in &written.replies {
            number += 1;
            let made_by = Provenance {
                model: "A <model> --> of\n## 13:00".into(),
                sha256: [number; 32],
                settings: "t 0.7".into(),
                given: Given {
                    days: vec![written.day],
                    wish: "shorter, in \"Dutch\" -->".into(),
                    left_out: LeftOut { texts: 2, passages: 1, is_shortened: true },
                    is_cut: true,
                },
            };
            let reply = Entry {
                role: Role::Reply,
                ending: *ending,
                reply_to: Some(entry.id),
                made_by: Some(made_by),
                ..self::entry(number, written.day, text)
            };
            vault.write(|w| entries::insert(w, &reply)).unwrap();
            if *is_trashed {
                vault.write(|w| trash::trash(w, reply.id, NOON - 7)).unwrap();
            }
        }
        if written.is_trashed {
            vault.write(|w| trash::trash(w, entry.id, NOON - 9)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn json_out_and_in_is_the_same_journal(all in prop::collection::vec(written(), 0..5)) {
        let (from, to) = (journal(), journal());
        write(&from, &all);
        let bytes = exported(&from, Format::Json);
        let parsed = read("x.json", &bytes).unwrap();
        prop_assert_eq!((parsed.n_problems, parsed.notes.len()), (0, 0));
        let (planned, _) = import::dry_run(&to, &parsed.items).unwrap();
        let done = import(&to, parsed);
        prop_assert_eq!(planned, done);
        let here = holds(&to);
        prop_assert_eq!(&here, &as_imported(holds(&from)));
        prop_assert!(to.verify().unwrap().ok);
        // Once more, and into the journal it came from: nothing is added.
        for vault in [&to, &from] {
            let before = holds(vault);
            let again = import(vault, read("x.json", &bytes).unwrap());
            prop_assert_eq!((again.n_new, again.n_new_replies, again.n_differ), (0, 0, 0));
            prop_assert_eq!(holds(vault), before);
        }
    }

    #[test]
    fn markdown_keeps_texts_and_times(all in prop::collection::vec(written(), 0..5)) {
        let (from, to) = (journal(), journal());
        write(&from, &all);
        let bytes = exported(&from, Format::Markdown);
        let parsed = read("x.zip", &bytes).unwrap();
        prop_assert_eq!(parsed.n_problems, 0, "{:?}", parsed.problems);
        import(&to, parsed);
        // Versions and the trash are not in it, and machine text may lose blank lines at its end.
        let mut expected = as_imported(holds(&from));
        for items in expected.values_mut() {
            items.retain(|item| item.entry.deleted.is_none());
            let live: Vec<EntryId> = items.iter().map(|item| item.entry.id).collect();
            items.retain(|item| item.entry.reply_to.is_none_or(|id| live.contains(&id)));
            for item in items.iter_mut() {
                item.versions.clear();
            }
        }
        expected.retain(|_, items| !items.is_empty());
        prop_assert_eq!(holds(&to), expected);
        let again = import(&to, read("x.zip", &bytes).unwrap());
        prop_assert_eq!((again.n_new, again.n_new_replies), (0, 0));
    }

    #[test]
    fn jrnl_keeps_texts_days_and_minutes(all in prop::collection::vec(written(), 0..5)) {
        let (from, to) = (journal(), journal());
        write(&from, &all);
        let bytes = exported(&from, Format::Jrnl);
        import(&to, read("x.json", &bytes).unwrap());
        let shape = |items: BTreeMap<Day, Vec<Item>>| -> Vec<(Day, String)> {
            let entries = items.into_values().flatten().map(|item| item.entry);
            entries.filter(|entry| entry.role == Role::Writer && entry.deleted.is_none()).map(|entry| (entry.day, entry.text)).collect()
        };
        prop_assert_eq!(shape(holds(&to)), shape(holds(&from)));
        for vault in [&to, &from] {
            let again = import(vault, read("x.json", &bytes).unwrap());
            prop_assert_eq!(again.n_new, 0);
        }
    }
}

#[test]
fn equal_texts_of_one_day_are_as_many_afterwards() {
    let (from, to) = (journal(), journal());
    for number in 1..=3 {
        from.write(|w| entries::insert(w, &entry(number, day("2026-11-20"), "Fine."))).unwrap();
    }
    for format in [Format::Jrnl, Format::Json, Format::Markdown, Format::Jrnl] {
        import(&to, read("x", &exported(&from, format)).unwrap());
        assert_eq!(holds(&to)[&day("2026-11-20")].len(), 3, "{format:?}");
    }
}

#[test]
fn an_import_that_was_cut_short_goes_on_where_it_stopped() {
    let from = journal();
    for number in 0..200u8 {
        let on = if number < 150 { day("2026-11-20") } else { day("2026-11-21") };
        from.write(|w| entries::insert(w, &entry(number, on, "The same every time."))).unwrap();
    }
    let count = |vault: &Unlocked| holds(vault).values().map(Vec::len).sum::<usize>();
    for format in [Format::Jrnl, Format::Json, Format::Markdown] {
        let to = journal();
        let bytes = exported(&from, format);
        let mut cut = Import::new(read("x", &bytes).unwrap().items);
        assert!(cut.step(&to).unwrap(), "there is more to do");
        assert_eq!(count(&to), 128, "one transaction, in the middle of a day");
        drop(cut);
        let rest = import(&to, read("x", &bytes).unwrap());
        assert_eq!((rest.n_known, rest.n_new), (128, 72), "{format:?}");
        assert_eq!(count(&to), 200);
        assert!(to.verify().unwrap().ok);
    }
}

#[test]
fn what_was_edited_here_since_is_known_and_stays() {
    let to = journal();
    let bytes = br#"[{"date":"2026-11-20","time":"08:00","title":"As it came.","body":""}]"#;
    import(&to, read("x.json", bytes).unwrap());
    let old = holds(&to)[&day("2026-11-20")][0].entry.clone();
    let edited = Entry { text: "As it is now.".into(), revision: 2, ..old.clone() };
    to.write(|w| {
        entries::version(w, &old)?;
        entries::replace(w, &edited)
    })
    .unwrap();
    assert_eq!(import(&to, read("x.json", bytes).unwrap()).n_known, 1);
    let ours = exported(&to, Format::Json);
    let other = String::from_utf8(ours).unwrap().replace("As it is now.", "As somebody else has it.");
    let done = import(&to, read("x.json", other.as_bytes()).unwrap());
    assert_eq!((done.n_new, done.n_differ), (0, 1));
    assert_eq!(holds(&to)[&day("2026-11-20")][0].entry.text, "As it is now.");
}

#[test]
fn what_lies_in_the_trash_is_left_there() {
    let (from, to) = (journal(), journal());
    let asked = entry(1, day("2026-11-20"), "Asked.");
    let reply = Entry { role: Role::Reply, reply_to: Some(asked.id), ..entry(2, asked.day, "Answered.") };
    for one in [&asked, &reply] {
        from.write(|w| entries::insert(w, one)).unwrap();
    }
    to.write(|w| {
        entries::insert(w, &asked)?;
        trash::trash(w, asked.id, NOON)
    })
    .unwrap();
    let done = import(&to, read("x.json", &exported(&from, Format::Json)).unwrap());
    assert_eq!((done.n_new, done.n_new_replies, done.n_in_trash), (0, 0, 2));
}

#[test]
fn a_reply_to_nothing_and_a_reply_under_an_entry_known_by_its_text() {
    let (from, to) = (journal(), journal());
    let asked = entry(1, day("2026-11-20"), "Asked.");
    let reply = Entry { role: Role::Reply, reply_to: Some(asked.id), ..entry(2, asked.day, "Answered.") };
    for one in [&asked, &reply] {
        from.write(|w| entries::insert(w, one)).unwrap();
    }
    let bytes = exported(&from, Format::Json);
    // The same entry under another id: its reply finds it.
    to.write(|w| entries::insert(w, &Entry { id: EntryId::from_parts(5, [9; 10]), ..asked.clone() }))
        .unwrap();
    let done = import(&to, read("x.json", &bytes).unwrap());
    assert_eq!((done.n_new, done.n_new_replies, done.n_known), (0, 1, 1));
    let items = &holds(&to)[&day("2026-11-20")];
    assert_eq!(items[1].entry.reply_to, Some(items[0].entry.id));
    // Without its entry it is left out.
    let empty = journal();
    let alone = String::from_utf8(bytes).unwrap().replacen("\"day\":\"2026-11-20\"", "\"day\":\"no\"", 1);
    let parsed = read("x.json", alone.as_bytes()).unwrap();
    assert_eq!(parsed.n_problems, 1);
    assert_eq!(import(&empty, parsed).n_orphans, 1);
}
