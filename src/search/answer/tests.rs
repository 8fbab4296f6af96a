use std::collections::HashMap;

use super::*;

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn found<'a>(texts: &[&'a str]) -> Vec<Found<'a>> {
    texts.iter().map(|text| Found { day: day("2026-11-20"), text, nearest: None, share: 0.6 }).collect()
}

/// Reads a question about a journal of which nothing is known.
fn point(question: &str) -> Point {
    Point::of(question, &HashMap::new())
}

/// So near is each piece to a question, every word of which brings it nearer.
fn near(whole: Vec<f32>) -> Near {
    let without = vec![whole.iter().map(|near| near - 1.0).collect(); 6];
    Near { whole, without }
}

const HARBOUR: &str = "Parkrun. 34:12! I was lapped by a man dressed as a banana, but I ran all of it. Priya waited at \
    the end with her arms out and we nearly fell over. I keep saying it under my breath. It rained in the evening.";

#[test]
fn pieces_are_runs_of_sentences_that_stand_on_their_own() {
    let found = found(&[HARBOUR, "Short.", ""]);
    let pieces = pieces(&found);
    let texts: Vec<&str> = pieces.iter().map(|piece| &found[piece.entry].text[piece.range.clone()]).collect();
    assert!(
        texts[0].starts_with("Parkrun. 34:12! I was lapped") && texts[0].ends_with("nearly fell over."),
        "{texts:?}"
    );
    assert_eq!(texts[1], "Short.", "each entry has its turn");
    assert!(texts.iter().all(|text| text.chars().count() <= LONGEST));
}

#[test]
fn a_long_entry_is_cut_within_bounds_around_what_is_nearest() {
    let long: String = (0..300).map(|n| format!("Sentence number {n} tells of boats. ")).collect();
    let at = long.find("number 250").expect("there");
    let found = [Found { day: day("2026-11-20"), text: &long, nearest: Some(at..at + 40), share: 0.6 }];
    let pieces = pieces(&found);
    assert_eq!(pieces.len(), MOST_PIECES);
    assert!(found[0].text[pieces[0].range.clone()].contains("number 2"), "{:?}", pieces[0]);
}

#[test]
fn what_is_near_or_says_the_words_answers_and_nothing_else() {
    let with = |share: f32| {
        found(&[HARBOUR, "The tram was late."])
            .into_iter()
            .map(|one| Found { share, ..one })
            .collect::<Vec<_>>()
    };
    let ask = |question: &str, share: f32, best: f32| {
        let found = with(share);
        let pieces = pieces(&found);
        let near: Vec<f32> = (0..pieces.len()).map(|idx| if idx == 0 { best } else { 0.1 }).collect();
        choose(question, &point(question), day("2026-11-22"), &found, &pieces, Some(&self::near(near))).len()
    };
    let other = "how long did it take me to get round";
    assert_eq!((ask(other, 0.0, NEAR_ALONE), ask(other, 0.0, NEAR_ALONE - 0.01)), (1, 0));
    assert_eq!((ask(other, SHARE, NEAR), ask(other, SHARE, NEAR - 0.01)), (1, 0));
    let same = "how was the parkrun";
    assert_eq!((ask(same, SAID, NEARLY), ask(same, SAID, NEARLY - 0.01), ask(same, 0.2, NEARLY)), (1, 0, 0));
    assert_eq!(ask("how long was the parkrun with Nora", 0.9, 0.9), 0, "nobody wrote of Nora");
    assert_eq!(ask("how long was the parkrun in 1994", 0.9, 0.9), 0);
    assert_eq!(ask("Describe the parkrun", SAID, 0.5), 1);
    let found = with(SAID);
    let pieces = pieces(&found);
    let question = "when was the tram late";
    let words = choose(question, &point(question), day("2026-11-22"), &found, &pieces, None);
    assert_eq!(pieces[words[0].piece].entry, 1);
    let question = "which ferry sank";
    assert!(choose(question, &point(question), day("2026-11-22"), &found, &pieces, None).is_empty());
}

#[test]
fn an_answer_says_nothing_twice() {
    let found = found(&[HARBOUR]);
    let pieces = pieces(&found);
    let near = near(vec![0.8; pieces.len()]);
    let question = "what happened";
    let answers = choose(question, &point(question), day("2026-11-22"), &found, &pieces, Some(&near));
    assert!((2..=MOST).contains(&answers.len()));
    for (idx, one) in answers.iter().enumerate() {
        for other in &answers[idx + 1..] {
            let (one, other) = (&pieces[one.piece].range, &pieces[other.piece].range);
            assert!(one.end <= other.start || other.end <= one.start);
        }
    }
}

#[test]
fn questions_are_told_by_their_mark_or_beginning() {
    for question in [
        "Where is the boat?",
        "when did we meet Ana",
        "Wann war ich in Wien",
        "the boat?",
        "\u{bf}Qui\u{e9}n?",
    ] {
        assert!(is_question(question), "{question}");
    }
    for other in ["boat", "harbour boat", "who", "?", "", "when boats"] {
        assert!(!is_question(other), "{other}");
    }
}

#[test]
fn a_question_whose_rarest_word_is_nowhere_is_not_answered_however_near_the_rest_is() {
    let found = found(&[HARBOUR]);
    let pieces = pieces(&found);
    let whole = vec![0.7; pieces.len()];
    let question = "how was the parkrun with the tortoise and the llamas";
    let brings = |lift: f32| {
        let without = vec![whole.iter().map(|near| near - lift).collect(); 6];
        let near = Near { whole: whole.clone(), without };
        choose(question, &point(question), day("2026-11-22"), &found, &pieces, Some(&near)).len()
    };
    assert_eq!(brings(-0.1), 0);
    assert!(brings(0.1) > 0, "said otherwise");
}
