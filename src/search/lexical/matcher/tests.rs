use super::*;
use crate::journal::day::Day;

fn seen(number: u8) -> Seen {
    Seen {
        id: EntryId::from_parts(i64::from(number), [number; 10]),
        day: Day::from_number(i32::from(number)).unwrap(),
        created: i64::from(number),
        machine: false,
    }
}

/// Entries (numbered from 0) that hold words of the query, best first.
fn found(query: &str, texts: &[&str]) -> Vec<usize> {
    let mut hits = walk(query, texts).hits;
    hits.sort_by(|left, right| right.score.total_cmp(&left.score));
    hits.iter().map(|hit| usize::try_from(hit.seen.created).unwrap()).collect()
}

fn walk(query: &str, texts: &[&str]) -> WordHits {
    let mut matcher = Matcher::new(&Query::parse(query));
    for (number, text) in (0..).zip(texts) {
        matcher.read(seen(number), text);
    }
    matcher.finish()
}

#[test]
fn art_is_not_in_start_but_cafe_is_cafe_with_an_accent() {
    assert_eq!(found("art", &["a fresh start", "an art class", "the party"]), [1]);
    assert_eq!(found("cafe", &["tea", "Am Café vorbei", "CAFÉ"]).len(), 2);
    assert_eq!(found("CAFÉ", &["cafe"]), [0]);
}

#[test]
fn a_quoted_phrase_must_be_there_word_for_word() {
    let texts = ["the blue door", "a door, painted blue", "Blue\nDOOR!", "a blue garage door"];
    let walked = walk("\"blue door\"", &texts);
    assert_eq!(walked.hits.len(), 2);
    assert_eq!(walked.allowed.len(), 2);
    assert_eq!(walk("blue door", &texts).allowed.len(), 4);
}

#[test]
fn excluded_words_bar_an_entry_also_from_meaning() {
    let walked = walk("sea -rain", &["sea and rain", "sea and sun", "hills"]);
    assert_eq!(walked.hits.len(), 1);
    assert_eq!(walked.allowed.len(), 2);
    assert_eq!(walk("-\"bad luck\"", &["bad luck", "luck, bad"]).allowed.len(), 1);
}

#[test]
fn rare_words_weigh_more_than_those_in_every_entry() {
    let texts = ["walked with Ilse", "walked and walked and walked", "walked home", "walked on"];
    assert_eq!(found("walked Ilse", &texts)[0], 0);
    let hits = walk("the Ilse", &["the the the", "Ilse"]).hits;
    assert!(hits[0].score < hits[1].score / 2.0, "common words weigh little even in a young journal");
}

#[test]
fn saying_all_of_the_query_has_share_one() {
    let hits = walk("red boat", &["a red boat", "a red car", "nothing"]).hits;
    assert!((hits[0].share - 1.0).abs() < 1e-6);
    assert!(hits[1].share < 0.6);
}

#[test]
fn a_lone_word_that_nobody_said_is_told_from_one_among_others() {
    let texts = ["a red boat", "a red car"];
    assert!(walk("Bartholomew", &texts).unknown_word);
    assert!(!walk("boat", &texts).unknown_word);
    assert!(!walk("Bartholomew sails", &texts).unknown_word);
    assert!(!walk("", &texts).unknown_word);
}

#[test]
fn numbers_and_scripts_without_spaces_are_found() {
    assert_eq!(found("14:30", &["train at 14:30", "14 trains, 30 buses"]), [0]);
    assert_eq!(found("東京", &["京東", "昨日東京へ行った"]), [1]);
    assert_eq!(found("🎉", &["done 🎉", "done"]), [0]);
}

#[test]
fn places_are_bytes_of_the_text_read_last() {
    let mut matcher = Matcher::new(&Query::parse("\"old boat\" café the"));
    let text = "The café by the old boat. Old, boat.";
    let marked: Vec<&str> = matcher.spans(text).into_iter().map(|span| &text[span]).collect();
    assert_eq!(marked, ["café", "old boat", "Old, boat"]);
    let mut common = Matcher::new(&Query::parse("the"));
    assert_eq!(common.spans(text).len(), 2);
}

#[test]
fn an_empty_journal_and_an_empty_query_give_nothing() {
    assert!(walk("word", &[]).hits.is_empty());
    assert!(walk("", &["word"]).hits.is_empty());
    assert!(Matcher::new(&Query::parse(" ")).is_idle());
}
