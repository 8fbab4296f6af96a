use proptest::prelude::*;

use super::*;

/// What is shown of a text that comes in pieces of `size` characters, and whether it repeated itself.
fn shown(text: &str, size: usize) -> (String, bool) {
    let mut visible = Visible::default();
    let mut out = String::new();
    let symbols: Vec<char> = text.chars().collect();
    for piece in symbols.chunks(size) {
        out.push_str(&visible.push(&piece.iter().collect::<String>()));
        if visible.has_repeated() {
            return (out, true);
        }
    }
    let has_repeated = visible.has_repeated();
    let rest = visible.finish();
    out.push_str(&rest);
    (out, has_repeated)
}

#[test]
fn a_sentence_is_shown_once_however_often_it_is_said() {
    let sentence = "It sounds like a good day to rest and to walk by the sea. ";
    for size in [1, 3, 7, 500] {
        let (out, has_repeated) = shown(&format!("You rested. {}", sentence.repeat(4)), size);
        assert!(has_repeated);
        assert_eq!(out.trim_end(), format!("You rested. {sentence}").trim_end(), "in pieces of {size}");
    }
}

#[test]
fn a_word_said_for_ever_is_cut() {
    let (out, has_repeated) = shown(&format!("I am {}", "so ".repeat(40)), 2);
    assert_eq!((out.as_str(), has_repeated), ("I am so ", true));
    let (out, has_repeated) = shown(&"\u{4eca}\u{5929}\u{5f88}\u{597d}".repeat(9), 3);
    assert_eq!((out.as_str(), has_repeated), ("\u{4eca}\u{5929}\u{5f88}\u{597d}", true));
}

#[test]
fn small_repetitions_are_style() {
    for text in [
        "ha ha ha, well",
        "and on and on and on it went",
        "One day at a time. One day at a time, you said.",
        "- [ ] tea\n- [ ] bread\n- [ ] salt\n",
        "  Leading space goes, the rest stays.\n\nAnd  two  spaces.",
        "",
    ] {
        assert_eq!(shown(text, 1), (text.trim_start().to_owned(), false));
    }
}

#[test]
fn thoughts_are_not_shown_and_a_mark_in_the_answer_is() {
    let text = "\n<think>\nThe writer is tired. I will be kind.\n</think>\n\nYou sound tired.";
    for size in [1, 2, 5, 100] {
        assert_eq!(shown(text, size).0, "You sound tired.");
    }
    assert_eq!(shown("A <think> b </think> c", 1).0, "A <think> b </think> c");
    assert_eq!(shown("<thi", 1).0, "<thi");
    assert_eq!(shown("<think>never ends", 1).0, "");
}

proptest! {
    #[test]
    fn nothing_is_changed_but_the_end(text in "([a-e]{1,2}[ .\n]{1,2}){0,60}", size in 1_usize..9) {
        let (out, has_repeated) = shown(&text, size);
        let begun = text.trim_start();
        prop_assert!(begun.starts_with(&out));
        prop_assert!(has_repeated || out == begun);
    }

    #[test]
    fn nothing_of_eight_words_is_shown_twice(text in "([a-c]{1,2} ){0,80}", size in 1_usize..9) {
        let (out, _) = shown(&text, size);
        let words: Vec<&str> = out.split_whitespace().collect();
        for start in 0..words.len().saturating_sub(8) {
            for other in start + 1..words.len().saturating_sub(7) {
                prop_assert_ne!(&words[start..start + 8], &words[other..other + 8]);
            }
        }
    }

    #[test]
    fn any_text_in_any_pieces_is_the_same(text in "\\PC{0,80}", size in 1_usize..9) {
        prop_assert_eq!(shown(&text, size), shown(&text, 1000));
    }
}
