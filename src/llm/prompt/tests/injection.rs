//! The corpus of hostile texts, as entry, as memory, as earlier text and as wish.

use super::*;

struct Case {
    is_imported: bool,
    text: String,
}

fn cases() -> Vec<Case> {
    let read: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/payloads/injection.json")).expect("JSON");
    let cases = read.as_array().expect("an array").iter();
    cases
        .map(|case| Case {
            is_imported: case["where"] == "imported",
            text: case["text"].as_str().expect("a text").to_owned(),
        })
        .collect()
}

/// The roles of a prompt, and the rules.
fn frame(prompt: &Prompt) -> (Vec<Speaker>, &str) {
    (prompt.messages.iter().map(|turn| turn.role).collect(), &prompt.messages[0].text)
}

// proves: SR-47 (shape of the prompt)
#[test]
fn no_text_changes_the_shape_of_a_prompt_or_leaves_its_quotation() {
    let cases = cases();
    assert!(cases.len() >= 50, "{}", cases.len());
    for Case { is_imported, text } in &cases {
        for ability in [Ability::Taste, Ability::Good] {
            let words: String = text.chars().take(180).collect();
            let make = |text: &str, words: &str| {
                let asked = entry(3, Role::Writer, text);
                let earlier = entry(1, Role::Writer, text);
                let imported = Entry { imported: *is_imported, ..entry(2, Role::Writer, text) };
                let wish = Wish::parse("", words).expect("short enough");
                let memories = [memory("2026-03-12", text)];
                ask(&asked, &[earlier, imported, asked.clone()], &memories, &wish, ability)
            };
            let (hostile, harmless) = (make(text, &words), make("We planted tomatoes.", "tomatoes"));
            assert_eq!(frame(&hostile), frame(&harmless), "{text:?}");
            assert_eq!(hostile.parts, harmless.parts, "{text:?}");
            for (turn, part) in hostile.messages.iter().zip(&hostile.parts) {
                assert_eq!(
                    neutral(&turn.text).len(),
                    turn.text.len(),
                    "a control token is left: {:?}",
                    turn.text
                );
                if let Part::Memory(_) = part {
                    let ends = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
                    let mut lines = turn.text.split(ends);
                    assert_eq!(lines.next(), Some("From my page of Thursday, 12 March 2026:"));
                    assert!(lines.all(|line| line.starts_with("> ")), "{:?}", turn.text);
                }
            }
        }
    }
}

// proves: SR-47 (shape of the prompt for an opening)
#[test]
fn no_text_leaves_its_quotation_in_the_prompt_for_an_opening() {
    let prompts = Prompts::embedded().expect("they parse");
    let days = ["2026-11-22", "2026-11-21", "2026-11-19"].map(|day| day.parse().expect("a day"));
    for Case { text, .. } in &cases() {
        for ability in [Ability::Taste, Ability::Good] {
            let make = |text: &str| {
                let texts = [text.to_owned(), "We planted tomatoes.".to_owned()];
                let pages = [(days[1], texts.as_slice()), (days[2], texts.as_slice())];
                opening(&prompts, days[0], 3, &pages, ability, 3000).expect("it can be filled")
            };
            let (hostile, harmless) = (make(text), make("Rain."));
            let roles = |turns: &[Message]| turns.iter().map(|turn| turn.role).collect::<Vec<_>>();
            assert_eq!(roles(&hostile), [Speaker::System, Speaker::Writer]);
            assert_eq!(hostile[0].text, harmless[0].text, "{text:?}");
            assert_eq!(neutral(&hostile[1].text).len(), hostile[1].text.len(), "{text:?}");
            let ends = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
            let bare: Vec<&str> = hostile[1]
                .text
                .split(ends)
                .filter(|line| !line.starts_with('>') && !line.is_empty())
                .collect();
            assert_eq!(
                bare,
                [
                    "From my page of Saturday, 21 November 2026:",
                    "From my page of Thursday, 19 November 2026:"
                ],
                "{text:?}"
            );
        }
    }
}
