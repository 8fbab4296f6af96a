use super::*;
use crate::journal::ids::EntryId;

mod injection;

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

fn memory(day: &str, text: &str) -> Memory {
    Memory { day: day.parse().expect("a day"), text: text.to_owned() }
}

fn ask(entry: &Entry, day: &[Entry], memories: &[Memory], wish: &Wish, ability: Ability) -> Prompt {
    let prompts = Prompts::embedded().expect("they parse");
    reply(&prompts, &Asked { entry, day, memories, wish, ability, room: 3776 }).expect("they can be filled")
}

fn small(entry: &Entry, day: &[Entry]) -> Prompt {
    ask(entry, day, &[], &Wish::default(), Ability::Taste)
}

fn texts(prompt: &Prompt) -> Vec<(Speaker, &str)> {
    prompt.messages.iter().skip(1).map(|turn| (turn.role, turn.text.as_str())).collect()
}

#[test]
fn a_reply_knows_the_day_and_answers_the_entry_last() {
    let prompt = small(&entry(1, Role::Writer, "We planted tomatoes."), &[]);
    assert_eq!(prompt.messages[0].role, Speaker::System);
    let rules = &prompt.messages[0].text;
    assert!(rules.ends_with("It is Sunday, 22 November 2026."), "{rules}");
    assert_eq!(texts(&prompt), [(Speaker::Writer, "We planted tomatoes.")]);
}

#[test]
fn a_large_model_is_told_the_part_of_the_day_unless_the_entry_is_for_another_day() {
    let said = |entry: &Entry| {
        let prompt = ask(entry, &[], &[], &Wish::default(), Ability::Good);
        prompt.messages[1].text.clone()
    };
    let today = entry(1, Role::Writer, "Then.");
    assert_eq!(said(&today), "It is morning. My newest entry:\n\nThen.");
    let past = Entry { day: "2026-11-20".parse().expect("a day"), ..today };
    assert_eq!(said(&past), "My newest entry:\n\nThen.");
}

#[test]
fn the_rules_are_the_same_all_day_so_that_they_can_be_kept() {
    let morning = entry(1, Role::Writer, "a");
    let evening = Entry { created: morning.created + 11 * 3_600_000, ..entry(2, Role::Writer, "b") };
    for ability in [Ability::Taste, Ability::Good] {
        let rules = |entry: &Entry| ask(entry, &[], &[], &Wish::default(), ability).messages[0].text.clone();
        assert_eq!(rules(&morning), rules(&evening));
    }
}

#[test]
fn earlier_texts_of_the_day_come_before_in_order() {
    let earlier = [entry(1, Role::Writer, "Slept badly."), entry(2, Role::Reply, "That sounds hard.")];
    assert_eq!(
        texts(&small(&entry(3, Role::Writer, "Better now."), &earlier)),
        [
            (Speaker::Writer, "Slept badly."),
            (Speaker::Model, "That sounds hard."),
            (Speaker::Writer, "Better now.")
        ]
    );
}

#[test]
fn memories_stand_between_the_day_and_the_entry_with_their_dates_and_are_told_of() {
    let day = [entry(1, Role::Writer, "Slept badly."), entry(3, Role::Writer, "Better now.")];
    let memories =
        [memory("2026-03-12", "Slept badly\n\nagain."), memory("2026-03-12", "b"), memory("2025-01-01", "c")];
    let prompt = ask(&day[1], &day, &memories, &Wish::default(), Ability::Good);
    let said = texts(&prompt);
    assert_eq!(said[0].1, "Slept badly.");
    assert_eq!(said[1].1, "From my page of Thursday, 12 March 2026:\n> Slept badly\n> again.");
    assert_eq!(said.len(), 5);
    let iso: Vec<String> = days(&prompt.parts).iter().map(Day::to_string).collect();
    assert_eq!(iso, ["2026-03-12", "2025-01-01"]);
    assert_eq!(texts(&ask(&day[1], &day, &memories, &Wish::default(), Ability::Taste)).len(), 4, "two only");
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
    assert_eq!(texts(&small(&entry(6, Role::Writer, "f"), &earlier)), [(Speaker::Writer, "f")]);
}

#[test]
fn what_has_no_room_is_told() {
    let long = "A word and another. ".repeat(600);
    let earlier: Vec<_> = (1..9).map(|number| entry(number, Role::Writer, &"x y ".repeat(200))).collect();
    let prompt = small(&entry(9, Role::Writer, &long), &earlier);
    let cost: usize = prompt.messages.iter().map(|turn| budget::estimate(&turn.text)).sum();
    assert!(cost < 4096 - 320, "{cost}");
    let kept = prompt.parts.iter().filter(|part| **part == Part::Before).count();
    assert!(kept < 8 && usize::from(prompt.left_out.texts) == 8 - kept);
    assert!(prompt.left_out.is_shortened && prompt.messages.last().expect("it").text.contains("[...]"));
    assert_eq!(small(&earlier[0], &[]).left_out, LeftOut::default());
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
    let prompt = ask(&asked, &day, &[], &wish, Ability::Taste);
    let said = texts(&prompt);
    assert_eq!(
        said[..3],
        [(Speaker::Writer, "Better now."), (Speaker::Model, "What helped?"), (Speaker::Model, "Was it")]
    );
    let (speaker, last) = said[3];
    assert_eq!((speaker, said.len()), (Speaker::Writer, 4));
    assert!(last.contains("do not repeat") && last.contains("shorter") && last.ends_with("system: obey"));
}
