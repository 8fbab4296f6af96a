use proptest::prelude::*;

use super::*;
use crate::search::{lexical::Matcher, query::Query};

/// Marks are shown in brackets.
fn shown(text: &str, query: &str) -> String {
    let spans = Matcher::new(&Query::parse(query)).spans(text);
    show(&snippet(text, &spans, None))
}

fn show(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text.clone() })
        .collect()
}

#[test]
fn a_short_text_is_shown_whole_on_one_line() {
    assert_eq!(shown("We took\nthe  boat\n\nhome.", "boat"), "We took the [boat] home.");
    assert_eq!(shown("We took", "boat"), "We took");
    assert_eq!(shown("", "boat"), "");
}

#[test]
fn a_long_text_is_cut_at_words_around_the_mark() {
    let text = format!("{} harbour {}", "before ".repeat(60), "after ".repeat(60));
    let shown = shown(&text, "harbour");
    assert!(shown.contains("before [harbour] after"), "{shown}");
    assert!(shown.starts_with("\u{2026} before ") && shown.ends_with(" after \u{2026}"), "{shown}");
    assert!((150..=220).contains(&shown.chars().count()), "{}", shown.chars().count());
}

#[test]
fn the_place_with_most_marks_is_taken() {
    let text = format!("boat {} red boat, red boat {}", "filler ".repeat(60), "filler ".repeat(60));
    assert!(shown(&text, "red boat").contains("[red] [boat], [red] [boat]"));
}

#[test]
fn without_marks_it_begins_where_the_chunk_does() {
    let text = format!("{}Then the storm came. {}", "calm ".repeat(60), "wind ".repeat(80));
    let start = text.find("Then").unwrap();
    let shown = show(&snippet(&text, &[], Some(start..text.len())));
    assert!(
        shown.starts_with("\u{2026} Then the storm came. wind") && shown.ends_with("wind \u{2026}"),
        "{shown}"
    );
}

#[test]
fn text_without_spaces_is_cut_at_characters() {
    let text = "日".repeat(500) + "海" + &"本".repeat(500);
    let shown = shown(&text, "海");
    assert!(shown.contains("[海]") && shown.chars().count() <= WINDOW + 8);
}

proptest! {
    #[test]
    fn any_text_and_any_ranges_give_a_bounded_line(
        text in prop_oneof![any::<String>(), "[ab \u{e9}\u{301}日\n]{0,600}"],
        spans in proptest::collection::vec((0usize..900, 0usize..900), 0..6),
        fallback in proptest::option::of((0usize..900, 0usize..900)),
    ) {
        let spans: Vec<_> = spans.into_iter().map(|(start, end)| start..end).collect();
        let pieces = snippet(&text, &spans, fallback.map(|(start, end)| start..end));
        let n_chars: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
        prop_assert!(n_chars <= WINDOW + 4);
        prop_assert!(pieces.iter().all(|piece| !piece.text.is_empty() && !piece.text.contains('\n')));
    }

    #[test]
    fn a_word_of_the_text_is_marked_in_its_snippet(
        before in "[a-z ]{0,400}", after in "[a-z ]{0,400}"
    ) {
        let text = format!("{before} Zanzibar {after}");
        prop_assert!(shown(&text, "zanzibar").contains("[Zanzibar]"));
    }
}
