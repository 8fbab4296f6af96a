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
    let turns = reply(&entry(1, Role::Writer, "We planted tomatoes."), &[]);
    assert_eq!(turns[0].role, Speaker::System);
    assert!(turns[0].text.ends_with("It is Sunday morning, 22 November 2026."), "{}", turns[0].text);
    assert!(!turns[0].text.contains('{'));
    assert_eq!(texts(&turns), [(Speaker::Writer, "We planted tomatoes.")]);
}

#[test]
fn an_entry_for_another_day_has_no_part_of_day() {
    let past = Entry { day: "2026-11-20".parse().expect("a day"), ..entry(1, Role::Writer, "Then.") };
    assert!(reply(&past, &[])[0].text.ends_with("It is Friday, 20 November 2026."));
}

#[test]
fn earlier_texts_of_the_day_come_before_in_order() {
    let earlier = [entry(1, Role::Writer, "Slept badly."), entry(2, Role::Reply, "That sounds hard.")];
    let turns = reply(&entry(3, Role::Writer, "Better now."), &earlier);
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
    assert_eq!(texts(&reply(&entry(6, Role::Writer, "f"), &earlier)), [(Speaker::Writer, "f")]);
}

#[test]
fn braces_in_an_entry_stay_as_they_are() {
    let turns = reply(&entry(1, Role::Writer, "{moment} {date}"), &[]);
    assert_eq!(texts(&turns), [(Speaker::Writer, "{moment} {date}")]);
    assert_eq!(fill("{a} {b} {", &[("a", "{b}"), ("b", "c")]), "{b} c {");
}

#[test]
fn the_longest_entry_is_shortened_and_early_texts_give_way() {
    let long = "A word and another. ".repeat(600);
    let earlier: Vec<_> = (1..9).map(|number| entry(number, Role::Writer, &"x y ".repeat(100))).collect();
    let turns = reply(&entry(9, Role::Writer, &long), &earlier);
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
