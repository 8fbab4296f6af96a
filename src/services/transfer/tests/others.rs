//! Files of other programs, as they write them.

use std::io::Write;

use crate::services::preferences::PREFERENCES;
use crate::services::transfer::{
    Format, export,
    folder::Packer,
    tests::{around, day, entry, exported, holds, import, journal, read},
};
use crate::{
    journal::trace::TraceName,
    vault::{entries, settings, traces as traces_of, whole::Item},
};

fn traces(item: &Item) -> Vec<&str> {
    item.traces.iter().map(TraceName::as_str).collect()
}

#[test]
fn traces_go_out_and_come_in_by_name_in_every_format() {
    let names = ["Lake", "\u{1f389}", "\u{65e5}\u{8a18}", "C++"];
    let old = journal();
    let on = day("2026-11-20");
    old.write(|w| {
        entries::insert(w, &entry(1, on, "By the lake."))?;
        let id = entry(1, on, "").id;
        names.iter().try_for_each(|name| {
            let attached = traces_of::attach(w, id, &TraceName::parse(name).unwrap())?;
            traces_of::pin(w, attached.trace, *name == "C++").map(drop)
        })
    })
    .unwrap();
    for (format, name) in [(Format::Json, "a.json"), (Format::Markdown, "a.zip"), (Format::Jrnl, "b.json")] {
        let new = journal();
        import(&new, read(name, &exported(&old, format)).unwrap());
        let item = holds(&new).remove(&on).unwrap().remove(0);
        assert_eq!(traces(&item), names, "{name}");
        let all = new.read(traces_of::all).unwrap();
        let pinned: Vec<&str> =
            all.iter().filter(|found| found.is_pinned).map(|found| found.name.as_str()).collect();
        // The form of jrnl is for other programs, and they have no pins.
        let kept: &[&str] = if format == Format::Jrnl { &[] } else { &["C++"] };
        assert_eq!((all.len(), pinned.as_slice()), (4, kept), "{name}");
        // Once more changes nothing.
        import(&new, read(name, &exported(&old, format)).unwrap());
        assert!(new.read(traces_of::all).unwrap().iter().all(|trace| trace.count == 1));
        assert!(new.audit(&|| false).unwrap().unwrap().ok());
    }
}

#[test]
fn jrnl_as_jrnl_writes_it() {
    let json = r#"{
      "tags": {"@lake": 1},
      "entries": [
        {"title": "Swam before breakfast.", "body": "Cold.\nVery cold.", "date": "2019-03-01", "time": "07:40",
         "tags": ["@lake"], "starred": true},
        {"title": "Nothing else.", "body": "", "date": "2019-03-31", "time": "02:30", "tags": [], "starred": false}
      ]
    }"#;
    let parsed = read("journal.json", json.as_bytes()).unwrap();
    assert_eq!((parsed.formats.as_slice(), parsed.n_problems), (&[Format::Jrnl][..], 0));
    assert_eq!(traces(&parsed.items[&day("2019-03-01")][0]), ["lake"]);
    let first = &parsed.items[&day("2019-03-01")][0].entry;
    assert_eq!(first.text, "Swam before breakfast.\nCold.\nVery cold.");
    // 07:40 in Berlin.
    assert_eq!((first.created, first.utc_offset_min), (1_551_422_400_000, 60));
    assert!(first.imported);
    // 02:30 does not exist on the day the clocks go forward; the entry is kept all the same.
    assert_eq!(parsed.items[&day("2019-03-31")].len(), 1);
}

#[test]
fn day_one_as_day_one_writes_it() {
    let json = r#"{"metadata":{"version":"1.0"},"entries":[
      {"uuid":"0123456789ABCDEF0123456789ABCDEF","creationDate":"2020-01-01T03:30:00Z","modifiedDate":"2020-01-02T00:00:00Z",
       "timeZone":"America\/New_York","text":"Late at night\\.","tags":["New York","trip",7,"new_york"],"starred":false,"photos":[{"identifier":"X"},{"identifier":"Y"}],
       "location":{"latitude":1.5,"region":{"center":{"x":[1,2]}}},"richText":"{\"contents\":[]}"},
      {"uuid":"no","creationDate":"2020-01-01T12:00:00Z","photos":[{}]}
    ]}"#;
    let parsed = read("Journal.json", json.as_bytes()).unwrap();
    assert_eq!(parsed.n_files, 3);
    assert_eq!(parsed.problems[0].why, "it holds no text");
    // Half past three in London is the evening before in New York.
    assert_eq!(traces(&parsed.items[&day("2019-12-31")][0]), ["New-York", "trip", "7"]);
    let item = &parsed.items[&day("2019-12-31")][0].entry;
    assert_eq!((item.zone.as_str(), item.utc_offset_min), ("America/New_York", -300));
    assert_eq!(item.updated - item.created, 73_800_000);
    let again = read("Journal.json", json.as_bytes()).unwrap();
    assert_eq!(again.items[&day("2019-12-31")][0].entry.id, item.id, "the same id at every reading");
}

#[test]
fn markdown_of_anybody_needs_a_date_and_no_more() {
    let files: [(&str, &str); 6] = [
        ("notes/2021-05-06.md", "A walk.\n\n- moss\n"),
        ("daily/2021-05-07 Friday.markdown", "---\ntags: [a]\ntime: 21:15\n---\nEvening.\r\nLate.\r\n"),
        (
            "some title.md",
            "---\ntitle: Bread\ntags:\n  - rye\n  - 'my oven'\ndate: 2021-05-08T06:30:00+02:00\n---\n\nRye.\n",
        ),
        ("no date.md", "Lost in time."),
        ("2021-02-30.md", "No such day."),
        ("2021-05-09.txt", "  \n"),
    ];
    let mut zip = Vec::new();
    let mut packer = Packer::new(&mut zip);
    for (name, text) in files {
        packer.file(name, text.as_bytes()).unwrap();
    }
    packer.file("2021-05-06.jpg", b"\xff\xd8").unwrap();
    packer.file("__MACOSX/._2021-05-06.md", b"x").unwrap();
    packer.finish().unwrap();
    let parsed = read("notes.zip", &zip).unwrap();
    let text = |on: &str| parsed.items[&day(on)][0].entry.text.clone();
    assert_eq!(text("2021-05-06"), "A walk.\n\n- moss");
    assert_eq!(text("2021-05-07"), "Evening.\nLate.");
    assert_eq!(text("2021-05-08"), "# Bread\n\nRye.");
    assert_eq!(traces(&parsed.items[&day("2021-05-07")][0]), ["a"]);
    assert_eq!(traces(&parsed.items[&day("2021-05-08")][0]), ["rye", "my-oven"]);
    assert_eq!(parsed.items[&day("2021-05-08")][0].entry.created, 1_620_448_200_000);
    assert_eq!(parsed.n_left_out, 2);
    let places: Vec<&str> = parsed.problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["no date.md", "2021-02-30.md", "2021-05-09.txt"]);
}

#[test]
fn a_deflated_zip_is_read() {
    // As `zip` packs it: one file, method deflate.
    let text = b"Deflated.\n".repeat(50);
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&text).unwrap();
    let packed = packed.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&text);
    let name = b"2022-01-01.md";
    let n = |len: usize| u32::try_from(len).unwrap().to_le_bytes();
    let mut shared = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
    shared.extend_from_slice(&crc.sum().to_le_bytes());
    shared.extend_from_slice(&n(packed.len()));
    shared.extend_from_slice(&n(text.len()));
    shared.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
    shared.extend_from_slice(&[0, 0]);
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend_from_slice(&shared);
    zip.extend_from_slice(name);
    zip.extend_from_slice(&packed);
    let central_start = zip.len();
    zip.extend_from_slice(b"PK\x01\x02\x14\x00");
    zip.extend_from_slice(&shared);
    zip.extend_from_slice(&[0; 14]);
    zip.extend_from_slice(name);
    let central_len = zip.len() - central_start;
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend_from_slice(&n(central_len));
    zip.extend_from_slice(&n(central_start));
    zip.extend_from_slice(&[0, 0]);
    let parsed = read("x.zip", &zip).unwrap();
    assert_eq!(parsed.items[&day("2022-01-01")][0].entry.text, "Deflated.\n".repeat(50).trim_end());
}

#[test]
fn a_text_too_long_for_an_entry_becomes_several() {
    let paragraph = format!("{}.\n\n", "word ".repeat(400));
    let text = paragraph.repeat(20);
    let parsed = read("2023-04-05.md", text.as_bytes()).unwrap();
    let items = &parsed.items[&day("2023-04-05")];
    assert!(items.len() > 2 && parsed.n_divided == 1);
    let together: Vec<&str> = items.iter().map(|item| item.entry.text.as_str()).collect();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&together.join("\n\n")), words(&text), "no word is lost");
    assert!(items.iter().all(|item| item.entry.text.ends_with("word .")), "cut between paragraphs");
    let unbroken = "\u{1f389}".repeat(30_000);
    assert_eq!(read("2023-04-05.md", unbroken.as_bytes()).unwrap().items[&day("2023-04-05")].len(), 3);
}

#[test]
fn an_edited_export_of_ours_is_read_as_far_as_its_marks_hold() {
    let from = journal();
    for number in 1..=2 {
        let text = format!("Entry {number}.");
        from.write(|w| entries::insert(w, &entry(number, day("2026-11-20"), &text))).unwrap();
    }
    struct Files(Vec<(String, String)>);
    impl export::Folder for Files {
        fn add(&mut self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
            self.0.push((path.to_owned(), String::from_utf8(bytes.to_vec()).unwrap()));
            Ok(())
        }
    }
    let mut files = Files(Vec::new());
    export::to_folder(&from, &mut files).unwrap();
    let (path, file) = &files.0[0];
    assert_eq!(path, "2026/2026-11-20.md");
    assert!(file.starts_with("---\nllamora: 1\nday: 2026-11-20\n---\n\n# 20 November 2026\n"), "{file}");
    let edited = file
        .replacen("<!-- llamora {", "<!-- llamora {broken", 1)
        .replace("\n# 20", "\nA line of mine.\n\n# 20");
    let parsed = read("2026-11-20.md", edited.replace('\n', "\r\n").as_bytes()).unwrap();
    let texts: Vec<&str> =
        parsed.items[&day("2026-11-20")].iter().map(|item| item.entry.text.as_str()).collect();
    assert_eq!(texts, ["A line of mine.\n\n# 20 November 2026", "Entry 2."]);
    assert_eq!(parsed.problems[0].why, "the mark above it was changed");

    // D62: under its date in the writer's language, and read all the same.
    from.write(|w| settings::put(w, PREFERENCES, b"dates=de")).unwrap();
    let mut files = Files(Vec::new());
    export::to_folder(&from, &mut files).unwrap();
    let file = &files.0[0].1;
    assert!(file.contains("---\n\n# 20. November 2026\n"), "{file}");
    let parsed = read("2026-11-20.md", file.as_bytes()).unwrap();
    assert_eq!((parsed.items[&day("2026-11-20")].len(), parsed.n_problems), (2, 0), "{:?}", parsed.problems);
}

#[test]
fn what_cannot_be_opened_is_named_and_the_rest_is_written() {
    let from = journal();
    from.write(|w| entries::insert(w, &entry(1, day("2026-11-20"), "Still here."))).unwrap();
    let whole = String::from_utf8(exported(&from, Format::Json)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(json["format"], "llamora-journal");
    assert_eq!(
        (&json["version"], &json["count"], &json["zone"]),
        (&1.into(), &1.into(), &"Europe/Berlin".into())
    );
    assert_eq!(json["entries"][0]["created"], "2026-11-21T12:00:00.001Z");
    assert_eq!(json["unreadable"].as_array().unwrap().len(), 0);
    let cut = whole.replace("\"count\":1", "\"count\":2");
    assert_eq!(read("x.json", cut.as_bytes()).unwrap().notes.len(), 1);
}

// proves: SR-41
#[test]
fn times_are_sane_whatever_a_file_says() {
    let json = |day: &str, created: &str| {
        let text = format!(
            "{{\"day\":\"{day}\",\"created\":\"{created}\",\"text\":\"x\",\"trashed\":\"9999-01-01T00:00:00Z\"}}"
        );
        read("x.json", format!("[{text}]").as_bytes()).unwrap()
    };
    for (on, why) in [
        ("0001-01-01", "its day is no date from 1900 on"),
        ("1899-12-31", "its day is no date from 1900 on"),
        ("9999-12-31", "its day is no date from 1900 on"),
        ("9999-12-30", "its day has not come yet"),
        ("2026-11-23", "its day has not come yet"),
        ("2026-02-30", "its day is no date from 1900 on"),
        ("", "its day is no date from 1900 on"),
    ] {
        let parsed = json(on, "");
        assert_eq!(parsed.problems[0].why, why, "{on}");
        assert_eq!(parsed.n_items, 0);
    }
    for created in ["", "-9999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", "99999999999999999999"]
    {
        let parsed = json("2026-11-22", created);
        let entry = &parsed.items[&day("2026-11-22")][0].entry;
        assert_eq!(entry.created, 1_795_345_200_000, "noon in Berlin: {created}");
        assert_eq!(entry.deleted, Some(around().now), "thirty days anew");
    }
    let to = journal();
    import(&to, json("2026-11-22", ""));
    assert_eq!(holds(&to).len(), 1);
}
