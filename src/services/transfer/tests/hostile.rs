//! Files made to hurt (SR-41): none may make a reader panic, lead a path anywhere, or take more than its share.

use proptest::prelude::*;

use crate::{
    journal::ids::EntryId,
    services::transfer::{
        Format,
        folder::{Packer, is_wanted},
        read::{Limits, ReadError},
        tests::{around, day, entry, exported, import, journal, read},
    },
    vault::entries,
};

// proves: SR-41
#[test]
fn a_million_entries_are_refused() {
    let json = format!("[{}{{}}]", "{},".repeat(1_000_000));
    assert_eq!(read("x.json", json.as_bytes()).err(), Some(ReadError::TooMany));
    let json = format!("[{}0]", "0,".repeat(1_000_000));
    assert_eq!(read("x.json", json.as_bytes()).err(), Some(ReadError::TooMany));
}

// proves: SR-41
#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let mut bytes = b"[]".to_vec();
    bytes.resize(Limits::BYTES + 1, b' ');
    assert_eq!(read("x.json", &bytes).err(), Some(ReadError::TooLarge));
    // A bomb: little packed, much unpacked.
    let mut zip = Vec::new();
    let mut packer = Packer::new(&mut zip);
    for n in 0..5 {
        packer.file(&format!("2020-01-0{}.md", n + 1), &vec![b' '; Limits::BYTES]).unwrap();
    }
    packer.finish().unwrap();
    let unpacked = crate::services::transfer::folder::unpack(zip, &mut |_, _| Ok(()));
    assert_eq!(unpacked.err(), Some(ReadError::TooLarge));
}

// proves: SR-41
#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let json = format!("{{\"entries\":[],\"x\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(read("x.json", json.as_bytes()).err(), Some(ReadError::TooDeep));
    }
    let mark = format!(
        "<!-- llamora {{\"day\":\"2020-01-01\",\"x\":{}1{}}} -->\ntext\n",
        "[".repeat(9_000),
        "]".repeat(9_000)
    );
    assert_eq!(read("x.md", mark.as_bytes()).unwrap().n_problems, 1);
    assert!(
        read("x.json", br#"[{"day":"2020-01-01","text":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}]"#)
            .is_ok()
    );
}

// proves: SR-41
#[test]
fn names_lead_nowhere() {
    let mut zip = Vec::new();
    let mut packer = Packer::new(&mut zip);
    for name in [
        "../../../etc/2020-01-01.md",
        "/etc/cron.d/2020-01-02.md",
        "..\\..\\2020-01-03.md",
        "C:\\2020-01-04.md",
    ] {
        packer.file(name, b"Read as text, put nowhere.").unwrap();
    }
    packer.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    let parsed = read("x.zip", &zip).unwrap();
    assert_eq!((parsed.n_items, parsed.n_problems), (4, 0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);
    assert!(!std::path::Path::new("/etc/2020-01-01.md").exists());
    assert!(is_wanted("a/b.MD") && !is_wanted("a/.hidden.md") && !is_wanted("photo.jpg") && !is_wanted("md"));
}

// proves: SR-41
#[test]
fn one_id_twice_is_one_entry_and_no_id_takes_the_place_of_another() {
    let to = journal();
    to.write(|w| entries::insert(w, &entry(1, day("2026-11-20"), "Mine."))).unwrap();
    let id = EntryId::from_parts(super::NOON - 999, [1; 10]);
    let json = format!(
        r#"[{{"id":"{id}","day":"2026-11-19","text":"Not mine."}},{{"id":"{id}","day":"2026-11-18","text":"Nor this."}}]"#
    );
    let parsed = read("x.json", json.as_bytes()).unwrap();
    assert_eq!((parsed.n_items, parsed.n_repeated), (1, 1));
    let done = import(&to, parsed);
    assert_eq!((done.n_new, done.n_differ), (0, 1));
    assert_eq!(to.read(|r| entries::entry(r, id)).unwrap().unwrap().text, "Mine.");
}

#[test]
fn a_day_takes_as_many_as_it_has_room_for() {
    let line = r#"{"day":"2026-11-20","text":"x"},"#;
    let json = format!("[{}]", line.repeat(5_000).trim_end_matches(','));
    let parsed = read("x.json", json.as_bytes()).unwrap();
    assert_eq!((parsed.n_items, parsed.n_problems), (4_096, 904));
    assert_eq!(parsed.problems.len(), Limits::PROBLEMS);
}

#[test]
fn odd_fields_cost_their_entry_at_most() {
    let json = r#"{"entries":[
        {"day":"2026-11-20","text":"kept","id":5,"created":{},"versions":7,"made_by":[],"zone":null,"revision":-1,"photos":"x"},
        {"day":"2026-11-20","text":["no"]}, 5, "x", null, [[]],
        {"day":"2026-11-20","role":"oracle","text":"x"},
        {"day":"2026-11-20","role":"reply","text":"x"},
        {"day":"2026-11-20","text":"kept too","revision":4294967295,"versions":[{"revision":9,"text":"b"},{"revision":9,"text":"a"},{},null]}
    ],"entries2":[1],"count":9}"#;
    let parsed = read("x.json", json.as_bytes()).unwrap();
    let items = &parsed.items[&day("2026-11-20")];
    assert_eq!((items.len(), parsed.n_problems, parsed.notes.len()), (2, 7, 0), "{:?}", parsed.problems);
    assert_eq!((items[1].entry.revision, items[1].versions.len()), (3, 2), "counted anew");
    let done = import(&journal(), parsed);
    assert_eq!(done.n_new, 2);
}

#[test]
fn what_is_no_journal_is_said_so() {
    for (bytes, error) in [
        (&b""[..], ReadError::Empty),
        (b"\xff\xfe\x00x", ReadError::NotText),
        (b"{\"entries\":[{\"day\":\"2020", ReadError::Syntax { line: 1, column: 24 }),
        (b"{\"format\":\"llamora-journal\",\"version\":2,\"entries\":[]}", ReadError::Newer),
        (b"PK\x03\x04 and nothing more", ReadError::Packed),
        (b"PK\x05\x06", ReadError::Packed),
    ] {
        assert_eq!(read("x", bytes).err(), Some(error), "{bytes:?}");
    }
    assert!(matches!(read("x.json", b"{\"entries\":{}}").err(), Some(ReadError::Syntax { .. })));
}

proptest! {
    // proves: SR-41 (256 random files)
    #[test]
    fn no_text_makes_a_reader_panic(text in "[\\PC\n]{0,300}", name in "\\PC{0,20}") {
        let _ = read(&name, text.as_bytes());
    }

    // proves: SR-41 (256 random files)
    #[test]
    fn no_json_makes_a_reader_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"entries\"", "\"day\"", "\"date\"", "\"creationDate\"", "\"text\"", "\"versions\"",
            "\"made_by\"", "\"2026-11-20\"", "\"2020-01-01T00:00:00Z\"", "null", "1e999", "-5", "\"\\ud800\"", "true", "\"id\"",
        ]), 0..40)
    ) {
        let _ = read("x.json", parts.concat().as_bytes());
        let _ = read("x.json", format!("{{\"entries\":[{{{}}}]}}", parts.concat()).as_bytes());
    }

    // proves: SR-41 (256 random files)
    #[test]
    fn no_markdown_makes_a_reader_panic(
        lines in prop::collection::vec(prop::sample::select(vec![
            "---", "date: 2020-01-01", "day: \u{1f389}2020-01-01", "time: 9:9", "time: 12:\u{1f389}", "<!-- llamora {} -->", "<!-- llamora ",
            "<!-- llamora {\"day\":\"2020-01-01\",\"title\":\"\"} -->", "-->", "#", "## ", "\\<!-- llamora ", "text", "", "created: 2020-01-01T",
        ]), 0..20),
        name in prop::sample::select(vec!["2020-01-01.md", "x.md", "2020-01-0\u{1f389}.md"]),
    ) {
        let _ = read(name, lines.join("\n").as_bytes());
    }

    // proves: SR-41 (256 random files)
    #[test]
    fn no_changed_byte_makes_a_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let from = journal();
        from.write(|w| entries::insert(w, &entry(1, day("2026-11-20"), "Some text.\n\nMore."))).unwrap();
        for format in [Format::Json, Format::Markdown, Format::Jrnl] {
            let mut bytes = exported(&from, format);
            let idx = at.index(bytes.len());
            bytes[idx] = byte;
            let _ = read("2026-11-20.md", &bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = read("x", &bytes);
        }
        prop_assert!(around().now > 0);
    }
}
