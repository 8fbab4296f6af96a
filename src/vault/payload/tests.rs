//! Frozen bytes of every body. The files in `tests/golden/` were made by an independent encoder and are never made
//! again: a struct whose bytes differ from its file needs a new number.

use crate::vault::{
    error::VaultError,
    payload::{
        Payload,
        entry::{EntryV1, ProvenanceV1},
        file::{FileV1, NamedV1, SegmentFilesV1, VectorsNoteV1},
        index::{DayItemV1, DayV1, OutboxItemV1, OutboxV1, RootV1, TrashItemV1, TrashV1, YearV1},
        log::{EventV1, EventsV1},
        recap::RecapV1,
        searches::{SearchV1, SearchesV1},
        session::SessionV1,
        small::{BesideV1, ChunkV1, DraftV1, SecretV1, SettingV1, VectorV1},
        trace::{PostingItemV1, PostingV1, TraceDirV1, TraceNameV1, TraceUndoV1, TraceV1, UndoLinkV1},
    },
};

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn frozen<P>(hex: &str, value: &P)
where
    P: Payload + PartialEq + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let golden = bytes_of(hex);
    assert_eq!(value.encode().as_slice(), golden, "bytes written");
    assert_eq!(&P::decode(1, &golden).unwrap(), value, "bytes read");
    assert_eq!(postcard::to_allocvec(value).unwrap(), golden, "bytes of the postcard crate");
    assert!(matches!(P::decode(2, &golden), Err(VaultError::NewerRecord)), "a schema of the future");
    for len in 0..golden.len() {
        assert!(P::decode(1, &golden[..len]).is_err(), "cut to {len}");
    }
    assert!(P::decode(1, &[golden, vec![0]].concat()).is_err(), "something left over");
}

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../../../tests/golden/", $name, ".hex"))
    };
}

fn id(start: u8) -> [u8; 16] {
    std::array::from_fn(|idx| start + idx as u8)
}

fn sha() -> [u8; 32] {
    std::array::from_fn(|idx| 0x40 + idx as u8)
}

#[test]
fn entry_v1_is_frozen() {
    let reply = EntryV1 {
        id: id(0xb0),
        role: 2,
        state: 1,
        flags: 3,
        day: 20_779,
        created: 1_795_305_600_000,
        updated: 1_795_305_660_123,
        tz: "Europe/Amsterdam".to_owned(),
        utc_offset_min: -300,
        rev: 300,
        deleted: 0,
        reply_to: Some(id(0x10)),
        traces: vec![id(0x20), id(0x30)],
        text: "# Zm\u{f3}wi\u{142} \u{2603}\n- [ ] a task".to_owned(),
        made_by: Some(ProvenanceV1 {
            model: "SmolLM2-135M".to_owned(),
            sha256: sha(),
            settings: "temperature 0.7".to_owned(),
        }),
        ext: vec![(7, vec![1, 2, 3]), (300, Vec::new())],
    };
    frozen(golden!("entry-v1"), &reply);
    let plain = EntryV1 {
        id: id(0),
        role: 1,
        state: 0,
        flags: 0,
        day: -25_567,
        created: -1,
        updated: -1,
        tz: "UTC".to_owned(),
        utc_offset_min: 0,
        rev: 1,
        deleted: 1_795_305_600_000,
        reply_to: None,
        traces: Vec::new(),
        text: "x".to_owned(),
        made_by: None,
        ext: Vec::new(),
    };
    frozen(golden!("entry-v1-plain"), &plain);
}

#[test]
fn entries_convert_both_ways_and_keep_what_is_unknown() {
    for golden in [golden!("entry-v1"), golden!("entry-v1-plain")] {
        let mut stored = EntryV1::decode(1, &bytes_of(golden)).unwrap();
        stored.flags |= 1 << 31;
        let entry = stored.clone().into_entry().unwrap();
        assert!(EntryV1::new(&entry, Some(&stored)) == stored);
        assert!(EntryV1::new(&entry, None).into_entry().unwrap() == entry);
    }
    let mut stored = EntryV1::decode(1, &bytes_of(golden!("entry-v1"))).unwrap();
    for (role, state, day) in [(0, 0, 0), (4, 0, 0), (1, 4, 0), (1, 0, i32::MAX)] {
        (stored.role, stored.state, stored.day) = (role, state, day);
        assert!(matches!(stored.clone().into_entry(), Err(VaultError::Altered(_))));
    }
}

#[test]
fn day_v1_is_frozen() {
    let day = DayV1 {
        day: 20_779,
        items: vec![
            DayItemV1 { id: id(0xb0), role: 3, flags: 0, rev: 1 },
            DayItemV1 { id: id(0x10), role: 1, flags: 1, rev: 200 },
        ],
        ext: vec![(1, b"k".to_vec())],
    };
    frozen(golden!("day-v1"), &day);
}

#[test]
fn year_v1_is_frozen() {
    let mut year = YearV1::empty(2026);
    (year.entries[0], year.entries[325], year.flags[325]) = (1, 255, 3);
    frozen(golden!("year-v1"), &year);
    assert_eq!(year.held().collect::<Vec<_>>(), [0, 325]);
}

#[test]
fn root_v1_is_frozen() {
    let root = RootV1 { first_day: -25_567, last_day: 20_779, years: vec![1900, 2026], ext: Vec::new() };
    frozen(golden!("root-v1"), &root);
}

#[test]
fn outbox_v1_is_frozen() {
    let outbox = OutboxV1 {
        rescan: true,
        items: vec![
            OutboxItemV1 { id: id(0xb0), op: 1, seq: 1 << 40 },
            OutboxItemV1 { id: id(0x10), op: 2, seq: 3 },
        ],
        ext: vec![(1, 5u64.to_le_bytes().to_vec())],
    };
    frozen(golden!("outbox-v1"), &outbox);
}

#[test]
fn trash_v1_is_frozen() {
    let item = TrashItemV1 { id: id(0xb0), deleted: 1_795_305_600_000 };
    frozen(golden!("trash-v1"), &TrashV1 { items: vec![item], ext: Vec::new() });
}

#[test]
fn draft_v1_is_frozen() {
    let text = "half a thought".to_owned();
    frozen(golden!("draft-v1"), &DraftV1 { text, base_rev: 2, saved: 1_795_305_600_000, ext: Vec::new() });
    let text = "in another window".to_owned();
    let beside =
        BesideV1 { text, base_rev: 1, saved: 1_795_305_500_000, by: "op".to_owned(), ext: Vec::new() };
    frozen(golden!("beside-v1"), &beside);
}

#[test]
fn setting_v1_is_frozen() {
    frozen(golden!("setting-v1"), &SettingV1 { value: b"Europe/Amsterdam".to_vec(), ext: Vec::new() });
}

#[test]
fn secret_v1_is_frozen() {
    frozen(golden!("secret-v1"), &SecretV1 { value: b"sk-canary".to_vec(), ext: Vec::new() });
}

#[test]
fn vector_v1_is_frozen() {
    let vector = VectorV1 {
        embedder: sha(),
        rev: 4,
        dims: 3,
        encoding: 1,
        chunks: vec![
            ChunkV1 { start: 0, end: 400, values: vec![0, 0x3c, 0, 0x38, 0, 0xb8] },
            ChunkV1 { start: 350, end: 70_000, values: vec![0; 6] },
        ],
        ext: Vec::new(),
    };
    frozen(golden!("vector-v1"), &vector);
}

#[test]
fn events_v1_is_frozen() {
    let items = vec![
        EventV1 { at: 1_795_305_600_000, kind: 1, days: vec![20_779, -25_567], numbers: vec![3, 1 << 40] },
        EventV1 { at: 0, kind: 300, days: Vec::new(), numbers: Vec::new() },
    ];
    frozen(golden!("events-v1"), &EventsV1 { items, ext: vec![(1, b"k".to_vec())] });
}

#[test]
fn searches_v1_is_frozen() {
    let first = SearchV1 {
        at: 1_795_305_600_000,
        text: "\"old harbour\" \u{2603}".to_owned(),
        from: "March 2024".to_owned(),
        to: "2024".to_owned(),
        by: 2,
        order: 1,
        ext: vec![(1, vec![7; 3])],
    };
    let second = SearchV1 {
        at: -1,
        text: String::new(),
        from: String::new(),
        to: String::new(),
        by: 0,
        order: 0,
        ext: Vec::new(),
    };
    frozen(golden!("searches-v1"), &SearchesV1 { items: vec![first, second], ext: vec![(300, vec![9, 8])] });
}

#[test]
fn session_v1_is_frozen() {
    let session = SessionV1 {
        created: 1_795_305_600_000,
        expires: 1_797_897_600_000,
        seen: -1,
        label: "Firefox on Linux \u{2603}".to_owned(),
        ext: vec![(300, vec![9, 8])],
    };
    frozen(golden!("session-v1"), &session);
}

#[test]
fn file_v1_is_frozen() {
    let file = FileV1 {
        id: id(0xb0),
        kind: 300,
        name: "a\u{2603}.fast".to_owned(),
        len: 1 << 33,
        page_size: 16_128,
        pages: 532_611,
        sha256: sha(),
        ext: vec![(1, b"k".to_vec())],
    };
    frozen(golden!("file-v1"), &file);
}

#[test]
fn named_v1_is_frozen() {
    let named = NamedV1 {
        generation: 200,
        files: vec![id(0xb0), id(0x10)],
        indexed_seq: 1 << 40,
        ext: vec![(1, id(0x20).to_vec()), (2, b"note".to_vec())],
    };
    frozen(golden!("named-v1"), &named);
}

#[test]
fn the_note_of_vectors_is_frozen() {
    let note = VectorsNoteV1 {
        embedder: sha(),
        dims: 384,
        segments: vec![
            SegmentFilesV1 { codes: id(0xb0), exact: id(0x10), graph: None },
            SegmentFilesV1 { codes: id(0x20), exact: id(0x30), graph: Some(id(0x50)) },
        ],
        ext: vec![(1, b"k".to_vec())],
    };
    frozen(golden!("vectors-note-v1"), &note);
}

#[test]
fn the_records_of_traces_are_frozen() {
    let trace = TraceV1 {
        id: id(0xb0),
        name: "Z\u{fc}rich-\u{2603}".to_owned(),
        kind: 1,
        flags: 1 << 30,
        created: 1_795_305_600_000,
        count: 300,
        held: 2,
        first_day: -25_567,
        last_day: 20_779,
        pages: 2,
        ext: vec![(7, vec![1, 2, 3])],
    };
    frozen(golden!("trace-v1"), &trace);
    frozen(golden!("trace-name-v1"), &TraceNameV1 { id: id(0xb0), ext: vec![(300, Vec::new())] });
    frozen(golden!("trace-dir-v1"), &TraceDirV1 { ids: vec![id(0xb0), id(0x10)], ext: Vec::new() });
    let items =
        vec![PostingItemV1 { id: id(0xb0), day: 20_779 }, PostingItemV1 { id: id(0x10), day: -25_567 }];
    frozen(golden!("posting-v1"), &PostingV1 { items, ext: vec![(1, b"k".to_vec())] });
    let undo = TraceUndoV1 {
        id: id(0x40),
        at: 1_795_305_600_000,
        change: 2,
        trace: id(0xb0),
        name: "\u{65e5}\u{8a18}".to_owned(),
        flags: 0,
        created: -1,
        into: Some(id(0x10)),
        links: vec![
            UndoLinkV1 { id: id(0x20), place: 300, both: true },
            UndoLinkV1 { id: id(0x30), place: 0, both: false },
        ],
        ext: Vec::new(),
    };
    frozen(golden!("trace-undo-v1"), &undo);
}

#[test]
fn recap_v1_is_frozen() {
    let recap = RecapV1 {
        text: "It rained.\nAna came. \u{2603}".to_owned(),
        digest: sha(),
        made: 1_795_305_600_000,
        made_by: Some(ProvenanceV1 {
            model: "Qwen3-1.7B".to_owned(),
            sha256: sha(),
            settings: "temperature 0".to_owned(),
        }),
        tried: "Qwen3-1.7B".to_owned(),
        ext: vec![(300, vec![9, 8])],
    };
    frozen(golden!("recap-v1"), &recap);
    let plain = RecapV1 {
        text: String::new(),
        digest: [0; 32],
        made: -1,
        made_by: None,
        tried: String::new(),
        ext: Vec::new(),
    };
    frozen(golden!("recap-v1-plain"), &plain);
}
