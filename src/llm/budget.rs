//! What to leave out of a conversation that is too long. Pure.

use crate::llm::{Place, Speaker};

/// A conversation cannot be made short enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Cost of the shortest conversation that would do.
    pub needed: usize,
}

/// What [`keep`] has to know of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub role: Speaker,
    /// What it is for.
    pub place: Place,
    /// Its cost.
    pub cost: usize,
}

/// Chooses the turns that fit into `room`: memories are dropped first, the last of them foremost, then the oldest of
/// what was said before; never a fixed turn, never the last turn.
///
/// A conversation never starts with an answer whose question was dropped. Returns the kept turns by index.
///
/// # Errors
/// When the turns that may not be dropped alone need more than `room`.
pub fn keep(turns: &[Turn], room: usize) -> Result<Vec<usize>, TooLong> {
    let Some(last) = turns.len().checked_sub(1) else { return Ok(Vec::new()) };
    let mut kept: Vec<usize> = (0..turns.len()).collect();
    let cost = |kept: &[usize]| kept.iter().fold(0_usize, |sum, idx| sum.saturating_add(turns[*idx].cost));
    let is = |idx: usize, place: Place| turns[idx].place == place && idx != last;
    while cost(&kept) > room {
        let memory = kept.iter().rposition(|idx| is(*idx, Place::Memory));
        let Some(position) = memory.or_else(|| kept.iter().position(|idx| is(*idx, Place::Before))) else {
            return Err(TooLong { needed: cost(&kept) });
        };
        kept.remove(position);
        let is_begun = kept[..position].iter().any(|idx| turns[*idx].role == Speaker::Writer);
        while !is_begun
            && kept
                .get(position)
                .is_some_and(|idx| is(*idx, Place::Before) && turns[*idx].role == Speaker::Model)
        {
            kept.remove(position);
        }
    }
    Ok(kept)
}

/// About how many tokens a text costs, for planning before a model is at hand; on the high side.
///
/// English takes about four letters a token, other scripts up to one token for two bytes.
pub fn estimate(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    ascii.div_ceil(3) + (text.len() - ascii).div_ceil(2)
}

/// Keeps the beginning and the end of a text so that it costs about `room` tokens; the middle becomes a mark.
///
/// The beginning says what it is about, the end is where the writer is now.
pub fn shorten(text: &str, room: usize) -> String {
    if estimate(text) <= room {
        return text.to_owned();
    }
    let mut head = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        if estimate(&head) + estimate(piece) > room * 2 / 5 {
            break;
        }
        head.push_str(piece);
    }
    let mut tail_start = text.len();
    for (start, _) in text.char_indices().rev() {
        if estimate(&text[start..]) > room * 2 / 5 {
            break;
        }
        tail_start = start;
    }
    let tail = &text[tail_start..];
    let tail = tail.split_once(char::is_whitespace).map_or(tail, |(_, rest)| rest);
    format!("{}\n[...]\n{}", head.trim_end(), tail.trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Speaker::{Model, System, Writer};

    fn turn((role, cost): (Speaker, usize)) -> Turn {
        let place = if role == System { Place::Fixed } else { Place::Before };
        Turn { role, place, cost }
    }

    #[test]
    fn the_oldest_turn_goes_first_and_its_answer_with_it() {
        let turns =
            [(System, 10), (Writer, 20), (Model, 5), (Writer, 20), (Model, 5), (Writer, 30)].map(turn);
        assert_eq!(keep(&turns, 90), Ok(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(keep(&turns, 89), Ok(vec![0, 3, 4, 5]));
        assert_eq!(keep(&turns, 40), Ok(vec![0, 5]));
        assert_eq!(keep(&turns, 39), Err(TooLong { needed: 40 }));
        assert_eq!(keep(&[], 0), Ok(vec![]));
    }

    #[test]
    fn memories_go_before_what_was_said_and_what_is_answered_stays() {
        let memory = |cost| Turn { role: Writer, place: Place::Memory, cost };
        let entry = Turn { role: Writer, place: Place::Fixed, cost: 30 };
        let turns = [
            turn((System, 10)),
            turn((Writer, 20)),
            memory(20),
            memory(20),
            entry,
            turn((Model, 10)),
            turn((Writer, 5)),
        ];
        assert_eq!(keep(&turns, 114), Ok(vec![0, 1, 2, 4, 5, 6]));
        assert_eq!(keep(&turns, 94), Ok(vec![0, 1, 4, 5, 6]));
        assert_eq!(keep(&turns, 74), Ok(vec![0, 4, 5, 6]));
        assert_eq!(keep(&turns, 54), Ok(vec![0, 4, 6]));
        assert_eq!(keep(&turns, 44), Err(TooLong { needed: 45 }));
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        let text = format!("First I woke up. {} Now I rest.", "Then more happened. ".repeat(400));
        let short = shorten(&text, 200);
        assert!(short.starts_with("First I woke up."));
        assert!(short.ends_with("Now I rest."));
        assert!(short.contains("[...]"));
        assert!(estimate(&short) <= 200);
        assert_eq!(shorten("short", 200), "short");
    }

    proptest! {
        #[test]
        fn what_is_kept_fits_and_is_in_order(costs in proptest::collection::vec((0_usize..3, 0_usize..3, 0_usize..50), 1..20), room in 0_usize..300) {
            let places = [Place::Fixed, Place::Before, Place::Memory];
            let turns: Vec<_> = costs
                .iter()
                .map(|(role, place, cost)| Turn { role: [System, Writer, Model][*role], place: places[*place], cost: *cost })
                .collect();
            match keep(&turns, room) {
                Ok(kept) => {
                    prop_assert!(kept.iter().map(|idx| turns[*idx].cost).sum::<usize>() <= room);
                    prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
                    prop_assert_eq!(kept.last(), Some(&(turns.len() - 1)));
                    prop_assert!((0..turns.len()).all(|idx| turns[idx].place != Place::Fixed || kept.contains(&idx)));
                }
                Err(TooLong { needed }) => prop_assert!(needed > room),
            }
        }

        #[test]
        fn shortened_texts_of_any_script_are_short(text in "\\PC{0,300}", room in 20_usize..100) {
            prop_assert!(estimate(&shorten(&text, room)) <= room.max(20));
        }
    }
}
