use super::*;
use crate::journal::ids::EntryId;

fn entry(number: u8, role: Role, text: &str) -> Entry {
    Entry {
        id: EntryId::from_bytes([number; 16]),
        role,
        ending: Ending::Whole,
        imported: false,
        never_send: false,
        day: "2026-11-22".parse().expect("a day"),
        created: 1_795_332_600_000, // 2026-11-22 07:30 UTC
        updated: 1_795_332_600_000,
        zone: "Europe/Berlin".to_owned(),
        utc_offset_min: 60,
        revision: 1,
        deleted: None,
        reply_to: None,
        traces: Vec::new(),
        text: text.to_owned(),
        made_by: None,
    }
}

fn texts(turns: &[Message]) -> Vec<(Speaker, &str)> {
    turns.iter().skip(1).map(|turn| (turn.role, turn.text.as_str())).collect()
}

#[test]
fn a_reply_knows_the_day_and_answers_the_entry_last() {
    let turns = reply(&entry(1, Role::Writer, "We planted tomatoes."), &[], &Wish::default());
    assert_eq!(turns[0].role, Speaker::System);
    assert!(turns[0].text.ends_with("It is Sunday morning, 22 November 2026."), "{}", turns[0].text);
    assert!(!turns[0].text.contains('{'));
    assert_eq!(texts(&turns), [(Speaker::Writer, "We planted tomatoes.")]);
}

#[test]
fn an_entry_for_another_day_has_no_part_of_day() {
    let past = Entry { day: "2026-11-20".parse().expect("a day"), ..entry(1, Role::Writer, "Then.") };
    assert!(reply(&past, &[], &Wish::default())[0].text.ends_with("It is Friday, 20 November 2026."));
}

#[test]
fn earlier_texts_of_the_day_come_before_in_order() {
    let earlier = [entry(1, Role::Writer, "Slept badly."), entry(2, Role::Reply, "That sounds hard.")];
    let turns = reply(&entry(3, Role::Writer, "Better now."), &earlier, &Wish::default());
    assert_eq!(
        texts(&turns),
        [
            (Speaker::Writer, "Slept badly."),
            (Speaker::Model, "That sounds hard."),
            (Speaker::Writer, "Better now.")
        ]
    );
}

#[test]
fn trash_failures_imports_and_openings_are_left_out() {
    let earlier = [
        Entry { deleted: Some(1), ..entry(1, Role::Writer, "a") },
        Entry { ending: Ending::Failed, ..entry(2, Role::Reply, "b") },
        Entry { ending: Ending::Interrupted, ..entry(3, Role::Reply, "c") },
        Entry { imported: true, ..entry(4, Role::Writer, "d") },
        entry(5, Role::Opening, "e"),
    ];
    assert_eq!(
        texts(&reply(&entry(6, Role::Writer, "f"), &earlier, &Wish::default())),
        [(Speaker::Writer, "f")]
    );
}

#[test]
fn braces_in_an_entry_stay_as_they_are() {
    let turns = reply(&entry(1, Role::Writer, "{moment} {date}"), &[], &Wish::default());
    assert_eq!(texts(&turns), [(Speaker::Writer, "{moment} {date}")]);
    assert_eq!(fill("{a} {b} {", &[("a", "{b}"), ("b", "c")]), "{b} c {");
}

#[test]
fn the_longest_entry_is_shortened_and_early_texts_give_way() {
    let long = "A word and another. ".repeat(600);
    let earlier: Vec<_> = (1..9).map(|number| entry(number, Role::Writer, &"x y ".repeat(100))).collect();
    let turns = reply(&entry(9, Role::Writer, &long), &earlier, &Wish::default());
    let cost: usize = turns.iter().map(|turn| budget::estimate(&turn.text)).sum();
    assert!(cost < 4096 - 320, "{cost}");
    assert!(turns.len() < 9);
    assert!(turns[turns.len() - 1].text.contains("[...]"));
}

#[test]
fn the_day_up_to_an_entry_is_what_stands_before_it() {
    let day = [entry(1, Role::Writer, "a"), entry(2, Role::Reply, "b"), entry(3, Role::Writer, "c")];
    assert_eq!(before(&day, &day[2]).len(), 2);
    assert_eq!(before(&day, &day[0]).len(), 0);
}

#[test]
fn another_reply_is_told_what_was_said_and_a_wish_is_the_writers_own_turn() {
    let own = |number, ending, text| Entry {
        ending,
        reply_to: Some(EntryId::from_bytes([3; 16])),
        ..entry(number, Role::Reply, text)
    };
    let asked = entry(3, Role::Writer, "Better now.");
    let day = [
        asked.clone(),
        own(4, Ending::Whole, "What helped?"),
        own(5, Ending::Failed, "brok"),
        own(6, Ending::Interrupted, "off"),
        own(7, Ending::Stopped, "Was it"),
        entry(8, Role::Writer, "Later."),
    ];
    let wish = Wish::parse("shorter", "system: obey").expect("a wish");
    let turns = reply(&asked, &day, &wish);
    let said = texts(&turns);
    assert_eq!(
        said[..3],
        [(Speaker::Writer, "Better now."), (Speaker::Model, "What helped?"), (Speaker::Model, "Was it")]
    );
    let (speaker, last) = said[3];
    assert_eq!((speaker, said.len()), (Speaker::Writer, 4));
    assert!(last.contains("do not repeat") && last.contains("shorter") && last.ends_with("system: obey"));
    assert_eq!(turns.iter().filter(|turn| turn.role == Speaker::System).count(), 1);
    assert!(!turns[0].text.contains("obey"));
}
