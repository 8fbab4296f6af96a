//! Prompts: from entries to the turns of a conversation. Pure.
//!
//! The rules are the only turn of the program. What the writer wrote, what is remembered and what the writer wishes are
//! turns of the writer, neutralised ([`mod@neutral`]); memories are quotations on top of that. Stable parts stand first, so
//! that a model that keeps what it has read need not read it again: rules with the date, the day so far, memories, the
//! entry, its replies so far, the wish.

pub mod neutral;
pub mod templates;

use minijinja::context;

use crate::{
    config::manifest::Ability,
    journal::{
        day::{Day, wall_clock, zone},
        entry::{Ending, Entry, LeftOut, Role},
        reply::{Length, Wish},
    },
    llm::{
        Message, Place, Speaker, budget,
        prompt::{
            neutral::{neutral, quoted},
            templates::{PromptError, Prompts},
        },
    },
};

/// How much of each kind a model is given, in tokens as [`budget::estimate`] counts them.
struct Rooms {
    /// Each earlier text of the day.
    earlier: usize,
    /// All earlier texts of the day.
    day: usize,
    /// Each memory, and how many.
    memory: usize,
    memories: usize,
}

const fn rooms(ability: Ability) -> Rooms {
    if ability.follows_full_rules() {
        Rooms { earlier: 500, day: 2000, memory: 160, memories: 5 }
    } else {
        // More than a little confuses it.
        Rooms { earlier: 300, day: 900, memory: 90, memories: 2 }
    }
}

/// How many memories a model is given at most.
pub const fn most_memories(ability: Ability) -> usize {
    rooms(ability).memories
}

/// A passage of another day that is near in meaning.
#[derive(Clone, PartialEq, Eq)]
pub struct Memory {
    /// Its day.
    pub day: Day,
    /// The passage, as plain text.
    pub text: String,
}

/// What a reply is asked with.
pub struct Asked<'a> {
    /// The entry to answer.
    pub entry: &'a Entry,
    /// What stands on its day, in order, itself included.
    pub day: &'a [Entry],
    /// Passages of other days, nearest first.
    pub memories: &'a [Memory],
    /// What the writer wishes of it.
    pub wish: &'a Wish,
    /// What the model can do.
    pub ability: Ability,
    /// Tokens there are for the prompt.
    pub room: usize,
}

/// What a turn of a prompt holds, for telling what was left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The rules, the entry or the wish.
    Fixed,
    /// A text of the same day, or an earlier reply.
    Before,
    /// A passage of this day.
    Memory(Day),
}

/// A conversation that asks for a reply.
pub struct Prompt {
    /// Its turns.
    pub messages: Vec<Message>,
    /// What each turn holds.
    pub parts: Vec<Part>,
    /// What did not fit. The generator, which counts exactly, may leave out more.
    pub left_out: LeftOut,
}

/// The days whose passages are among the parts of a prompt, nearest first.
pub fn days(parts: &[Part]) -> Vec<Day> {
    let mut days = Vec::new();
    for part in parts {
        if let Part::Memory(day) = part
            && !days.contains(day)
        {
            days.push(*day);
        }
    }
    days
}

/// The conversation that asks for a reply.
///
/// Of the day, what is in the trash, failed or came from an import is left out, and so is the oldest when it is too
/// much; of the entry itself, when it is very long, the middle. Replies that the entry has already follow it, and then
/// the writer asks for something else, with the wish in the writer's own turn: it is never part of the rules.
///
/// # Errors
/// When a template of the folder of prompts cannot be filled.
pub fn reply(prompts: &Prompts, asked: &Asked<'_>) -> Result<Prompt, PromptError> {
    let Asked { entry, day, ability, .. } = *asked;
    let (rooms, size) = (rooms(ability), ability.prompts());
    let mut left_out = LeftOut::default();
    let date = format!("{}, {}", entry.day.weekday(), entry.day.long());
    let rules = prompts.render(&format!("rules-{size}.txt"), context!(size, date))?;
    let mut turns = vec![(Message::new(Speaker::System, rules), Part::Fixed)];

    let earlier = |other: &Entry| Some((earlier_turn(other, rooms.earlier)?, Part::Before));
    turns.extend(before(day, entry).iter().filter_map(earlier));
    for memory in asked.memories.iter().take(rooms.memories) {
        let quoted = quoted(&budget::shorten(&memory.text, rooms.memory));
        if !quoted.is_empty() {
            let date = format!("{}, {}", memory.day.weekday(), memory.day.long());
            let said = prompts.render("memory.txt", context!(size, date, quoted))?;
            turns.push((Message::new(Speaker::Writer, said).at(Place::Memory), Part::Memory(memory.day)));
        }
    }

    let most = asked.room.saturating_sub(budget::estimate(&turns[0].0.text)) * 3 / 4;
    let text = budget::shorten(&entry.text, most);
    left_out.is_shortened = text != entry.text;
    let text = neutral(&text);
    let said = prompts.render("entry.txt", context!(size, part_of_day => part_of_day_of(entry), text))?;
    turns.push((Message::new(Speaker::Writer, said).at(Place::Fixed), Part::Fixed));

    let own: Vec<_> =
        day.iter().filter(|other| other.reply_to == Some(entry.id)).filter_map(earlier).collect();
    let again = again(prompts, size, !own.is_empty(), asked.wish)?;
    turns.extend(own);
    turns.extend(again.map(|said| (Message::new(Speaker::Writer, said).at(Place::Fixed), Part::Fixed)));
    Ok(fit(turns, rooms.day + rooms.memory * rooms.memories, left_out))
}

/// The conversation that asks for a recap of a day, or for labels of one entry, by the rules in a template. `texts` are
/// plain texts; together they get `room` tokens, each its share, and stand as a quotation.
///
/// # Errors
/// When a template of the folder of prompts cannot be filled.
pub fn sum_up(
    prompts: &Prompts,
    template: &str,
    day: Day,
    most: u8,
    texts: &[String],
    room: usize,
) -> Result<Vec<Message>, PromptError> {
    let date = format!("{}, {}", day.weekday(), day.long());
    let rules = prompts.render(template, context!(date, most))?;
    let share = room.saturating_sub(budget::estimate(&rules)) / texts.len().max(1);
    let quotations: Vec<String> =
        texts.iter().map(|text| quoted(&budget::shorten(text, share * 3 / 4))).collect();
    Ok(vec![
        Message::new(Speaker::System, rules),
        Message::new(Speaker::Writer, quotations.join("\n>\n")).at(Place::Fixed),
    ])
}

/// The conversation that asks for the opening of a day. `pages` are days with the plain texts of their entries, the latest
/// first; together they get what a model of this ability makes use of, at most `room` tokens, the latest as much as all
/// others.
///
/// # Errors
/// When a template of the folder of prompts cannot be filled.
pub fn opening(
    prompts: &Prompts,
    day: Day,
    most: u8,
    pages: &[(Day, &[String])],
    ability: Ability,
    room: usize,
) -> Result<Vec<Message>, PromptError> {
    let (rooms, size) = (rooms(ability), ability.prompts());
    let date = |day: Day| format!("{}, {}", day.weekday(), day.long());
    let rules = prompts.render("opening.txt", context!(size, date => date(day), most))?;
    let mut room = room.saturating_sub(budget::estimate(&rules)).min(rooms.day) * 3 / 4;
    let mut said = Vec::new();
    for (idx, (day, texts)) in pages.iter().enumerate() {
        let share = if idx + 1 < pages.len() { room / 2 } else { room };
        room -= share;
        let texts = texts.iter().map(|text| budget::shorten(text, share / texts.len()));
        let quoted = texts.map(|text| quoted(&text)).collect::<Vec<_>>().join("\n>\n");
        said.push(prompts.render("memory.txt", context!(size, date => date(*day), quoted))?);
    }
    Ok(vec![
        Message::new(Speaker::System, rules),
        Message::new(Speaker::Writer, said.join("\n\n")).at(Place::Fixed),
    ])
}

/// The conversation that asks for an answer to a question out of passages of the journal, the most telling first. They
/// stand as quotations, each with its date; together they get `room` tokens.
///
/// # Errors
/// When a template of the folder of prompts cannot be filled.
pub fn answer(
    prompts: &Prompts,
    question: &str,
    today: Day,
    memories: &[Memory],
    most: u8,
    room: usize,
) -> Result<Vec<Message>, PromptError> {
    let dated = |day: Day| format!("{}, {}", day.weekday(), day.long());
    let rules = prompts.render("answer.txt", context!(date => dated(today), most))?;
    let asked = neutral(question);
    let taken = budget::estimate(&rules) + budget::estimate(&asked);
    let share = room.saturating_sub(taken) / memories.len().max(1);
    let mut messages = vec![Message::new(Speaker::System, rules)];
    for memory in memories {
        let quoted = quoted(&budget::shorten(&memory.text, share * 3 / 4));
        let said =
            prompts.render("memory.txt", context!(size => "large", date => dated(memory.day), quoted))?;
        messages.push(Message::new(Speaker::Writer, said).at(Place::Fixed));
    }
    messages.push(Message::new(Speaker::Writer, asked).at(Place::Fixed));
    Ok(messages)
}

/// Drops what is more than `room` besides the fixed turns.
fn fit(turns: Vec<(Message, Part)>, room: usize, mut left_out: LeftOut) -> Prompt {
    let costs: Vec<_> = turns
        .iter()
        .map(|(turn, _)| budget::Turn {
            role: turn.role,
            place: turn.place,
            cost: budget::estimate(&turn.text),
        })
        .collect();
    let fixed: usize = costs.iter().filter(|turn| turn.place == Place::Fixed).map(|turn| turn.cost).sum();
    let kept = budget::keep(&costs, fixed + room).unwrap_or_default();
    let (mut messages, mut parts) = (Vec::new(), Vec::new());
    for (idx, (message, part)) in turns.into_iter().enumerate() {
        if kept.contains(&idx) {
            messages.push(message);
            parts.push(part);
        } else {
            left_out.count(part == Part::Before);
        }
    }
    Prompt { messages, parts, left_out }
}

/// What the writer says to get another answer; nothing for a first answer without a wish.
fn again(
    prompts: &Prompts,
    size: &str,
    has_replies: bool,
    wish: &Wish,
) -> Result<Option<String>, PromptError> {
    if !has_replies && wish.is_empty() {
        return Ok(None);
    }
    let length = match wish.length {
        Some(Length::Shorter) => "shorter",
        Some(Length::Longer) => "longer",
        None => "",
    };
    let words = (!wish.words().is_empty()).then(|| neutral(wish.words()));
    prompts.render("again.txt", context!(size, has_replies, length, wish => words)).map(Some)
}

fn earlier_turn(entry: &Entry, room: usize) -> Option<Message> {
    let speaker = match (entry.role, entry.ending) {
        _ if entry.deleted.is_some() || entry.imported || entry.text.trim().is_empty() => return None,
        (_, Ending::Failed) => return None,
        (Role::Writer, _) => Speaker::Writer,
        (Role::Reply, Ending::Whole | Ending::Stopped) => Speaker::Model,
        (Role::Reply | Role::Opening, _) => return None,
    };
    Some(Message::new(speaker, neutral(&budget::shorten(&entry.text, room))))
}

/// The part of the day of an entry, unless it was written for another day.
fn part_of_day_of(entry: &Entry) -> Option<&'static str> {
    let zone = zone(&entry.zone).filter(|zone| Day::at(entry.created, zone) == entry.day)?;
    let (_, clock) = wall_clock(entry.created, &zone);
    Some(part_of_day(clock.get(..2)?.parse().ok()?))
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
