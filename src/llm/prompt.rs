//! Prompts: from entries to the turns of a conversation. Pure.
//!
//! The writer's text is always a turn of its own and never part of a template. Names in braces are filled into the
//! template once; what is filled in is not looked at again.

use crate::{
    journal::{
        day::{Day, wall_clock, zone},
        entry::{Ending, Entry, Role},
        reply::{Length, Wish},
    },
    llm::{Message, Place, Speaker, budget},
};

const REPLY: &str = include_str!("../../templates/prompts/reply.txt");

/// Tokens planned for the newest entry; a longer one is shortened in its middle.
const ENTRY_ROOM: usize = 2400;
/// Tokens planned for each earlier text.
const EARLIER_ROOM: usize = 400;
/// Tokens planned for all earlier texts together.
const EARLIER_TOTAL: usize = 800;

/// The conversation that asks for a reply to `entry`.
///
/// `day` is what stands on its day, in order. What is in the trash, failed or came from an import is left out, and
/// the oldest texts are dropped when they are too long. The generator cuts again, exactly. Replies that the entry has
/// already follow it, and then the writer asks for something else, with the `wish` in the writer's own turn: it is
/// never part of the rules.
pub fn reply(entry: &Entry, day: &[Entry], wish: &Wish) -> Vec<Message> {
    let system = fill(REPLY, &[("moment", &moment(entry))]);
    let mut turns = vec![Message::new(Speaker::System, system.trim())];
    turns.extend(before(day, entry).iter().filter_map(earlier_turn));
    turns.push(Message::new(Speaker::Writer, budget::shorten(&entry.text, ENTRY_ROOM)).at(Place::Fixed));
    let own: Vec<Message> =
        day.iter().filter(|other| other.reply_to == Some(entry.id)).filter_map(earlier_turn).collect();
    let again = again(!own.is_empty(), wish);
    turns.extend(own);
    turns.extend(again.map(|again| Message::new(Speaker::Writer, again).at(Place::Fixed)));

    let costs: Vec<_> = turns
        .iter()
        .map(|turn| budget::Turn { role: turn.role, place: turn.place, cost: budget::estimate(&turn.text) })
        .collect();
    let fixed: usize = costs.iter().filter(|turn| turn.place == Place::Fixed).map(|turn| turn.cost).sum();
    let kept = budget::keep(&costs, fixed + EARLIER_TOTAL).unwrap_or_default();
    let mut turns: Vec<_> = turns.into_iter().map(Some).collect();
    kept.into_iter().filter_map(|idx| turns[idx].take()).collect()
}

/// What the writer says to get another answer; nothing for a first answer without a wish.
fn again(has_earlier: bool, wish: &Wish) -> Option<String> {
    if !has_earlier && wish.is_empty() {
        return None;
    }
    let mut said = "Please answer what I wrote once more.".to_owned();
    if has_earlier {
        said.push_str(" Say something new and do not repeat what you said.");
    }
    match wish.length {
        Some(Length::Shorter) => said.push_str(" Be much shorter this time."),
        Some(Length::Longer) => said.push_str(" Take more room this time."),
        None => {}
    }
    if !wish.words().is_empty() {
        said.push_str(" My wish: ");
        said.push_str(wish.words());
    }
    Some(said)
}

fn earlier_turn(entry: &Entry) -> Option<Message> {
    let speaker = match (entry.role, entry.ending) {
        _ if entry.deleted.is_some() || entry.imported || entry.text.trim().is_empty() => return None,
        (_, Ending::Failed) => return None,
        (Role::Writer, _) => Speaker::Writer,
        (Role::Reply, Ending::Whole | Ending::Stopped) => Speaker::Model,
        (Role::Reply | Role::Opening, _) => return None,
    };
    Some(Message::new(speaker, budget::shorten(&entry.text, EARLIER_ROOM)))
}

/// Replaces `{name}` by its value, in one pass.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let value = after.split_once('}').and_then(|(name, later)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, later))
        });
        match value {
            Some((value, later)) => {
                out.push_str(value);
                rest = later;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The entry's day in words; with the part of the day unless it was written for another day.
fn moment(entry: &Entry) -> String {
    let day = entry.day;
    let hour = zone(&entry.zone).filter(|zone| Day::at(entry.created, zone) == day).and_then(|zone| {
        let (_, clock) = wall_clock(entry.created, &zone);
        clock.get(..2)?.parse().ok()
    });
    match hour {
        Some(hour) => format!("{} {}, {}", day.weekday(), part_of_day(hour), day.long()),
        None => format!("{}, {}", day.weekday(), day.long()),
    }
}

/// English part of the day of an hour, 0 to 23.
pub fn part_of_day(hour: u8) -> &'static str {
    match hour {
        5..=11 => "morning",
        12..=16 => "afternoon",
        17..=21 => "evening",
        _ => "night",
    }
}

/// Which of a day's texts stand before an entry, oldest first: the day's list up to the entry.
pub fn before<'a>(day: &'a [Entry], entry: &Entry) -> &'a [Entry] {
    let end = day.iter().position(|other| other.id == entry.id).unwrap_or(day.len());
    &day[..end]
}

#[cfg(test)]
mod tests;
