//! What to leave out of a conversation that is too long. Pure.

use crate::llm::Speaker;

/// A conversation cannot be made short enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Cost of the shortest conversation that would do.
    pub needed: usize,
}

/// Chooses the turns that fit into `room`: drops the oldest first, never a system turn, never the last turn.
///
/// A conversation never starts with an answer whose question was dropped. Returns the kept turns by index.
///
/// # Errors
/// When system turns and the last turn alone need more than `room`.
pub fn keep(turns: &[(Speaker, usize)], room: usize) -> Result<Vec<usize>, TooLong> {
    let Some(last) = turns.len().checked_sub(1) else { return Ok(Vec::new()) };
    let mut kept: Vec<usize> = (0..turns.len()).collect();
    let cost = |kept: &[usize]| kept.iter().fold(0_usize, |sum, idx| sum.saturating_add(turns[*idx].1));
    let oldest =
        |kept: &[usize]| kept.iter().position(|idx| turns[*idx].0 != Speaker::System && *idx != last);
    while cost(&kept) > room {
        let Some(position) = oldest(&kept) else { return Err(TooLong { needed: cost(&kept) }) };
        kept.remove(position);
        while let Some(position) = oldest(&kept) {
            if turns[kept[position]].0 != Speaker::Model {
                break;
            }
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

    #[test]
    fn the_oldest_turn_goes_first_and_its_answer_with_it() {
        let turns = [(System, 10), (Writer, 20), (Model, 5), (Writer, 20), (Model, 5), (Writer, 30)];
        assert_eq!(keep(&turns, 90), Ok(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(keep(&turns, 89), Ok(vec![0, 3, 4, 5]));
        assert_eq!(keep(&turns, 40), Ok(vec![0, 5]));
        assert_eq!(keep(&turns, 39), Err(TooLong { needed: 40 }));
        assert_eq!(keep(&[], 0), Ok(vec![]));
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
        fn what_is_kept_fits_and_is_in_order(costs in proptest::collection::vec((0_u8..3, 0_usize..50), 1..20), room in 0_usize..300) {
            let turns: Vec<_> = costs.iter().map(|(role, cost)| ([System, Writer, Model][usize::from(*role)], *cost)).collect();
            match keep(&turns, room) {
                Ok(kept) => {
                    prop_assert!(kept.iter().map(|idx| turns[*idx].1).sum::<usize>() <= room);
                    prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
                    prop_assert_eq!(kept.last(), Some(&(turns.len() - 1)));
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
