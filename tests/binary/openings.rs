//! Thirty mornings of a diary with the program as it is, its models in place: each begins with what was written, within a
//! minute; a second tab and a restart never make two.

use std::time::{Duration, Instant};

use jiff::{ToSpan, civil::Date};

use crate::program::{Place, has_model};
use crate::visitor::{Visitor, unescape};

const MORNINGS: i64 = 30;
/// What the program gives a model, and what it takes itself on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// The texts of one diarist of the judged set.
fn diary() -> Vec<String> {
    let all: serde_json::Value = serde_json::from_str(include_str!("../quality/entries.json")).unwrap();
    let own = all.as_array().unwrap().iter().filter(|entry| entry["writer"] == "ruth");
    own.map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

/// The words of a text without markup, so that a quotation can be looked for in it.
fn words(text: &str) -> String {
    let plain = text.replace(['*', '_', '#', '>', '`'], " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The opening as its page shows it: each line with the day that follows it.
fn lines(page: &str) -> Vec<(String, String)> {
    let start = page.find("data-opening=\"there\"").unwrap_or_else(|| panic!("no opening: {page}"));
    let opening = &page[start..start + page[start..].find("</aside>").unwrap()];
    opening
        .split("<p class=\"opening__text\">")
        .skip(1)
        .map(|line| {
            let said = line.split('>').nth(1).unwrap().split('<').next().unwrap();
            let day = line.split("href=\"/d/").nth(1).unwrap().split('"').next().unwrap();
            (unescape(said), day.to_owned())
        })
        .collect()
}

fn opened(ruth: &mut Visitor, today: &str) -> String {
    let began = Instant::now();
    loop {
        let page = ruth.get(today).body;
        if !page.contains("data-opening=\"waiting\"") {
            return page;
        }
        assert!(began.elapsed() < LIMIT, "an opening takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn thirty_mornings_of_a_diary_begin_with_what_was_written() {
    let place = Place::full();
    let mut running = place.start();
    let mut ruth = Visitor::new(running.address);
    ruth.register("Ruth", "seven herons over the dyke");
    let today = ruth.today();
    let date: Date = today.trim_start_matches("/d/").parse().unwrap();
    assert!(ruth.get(&today).body.contains("data-opening=\"first\""));
    if has_model("an opening beside a model") {
        ruth.wait_for("/readyz", "the model", |body| body.contains("\"model\":\"ok\""));
    }
    let address = format!("{today}/opening");
    let (mut written, mut slowest) = (std::collections::HashMap::new(), Duration::ZERO);
    for (text, back) in diary().into_iter().zip((1..=MORNINGS).rev()) {
        // The journal as it was so many days after an entry.
        let day = date.checked_sub(back.days()).unwrap().to_string();
        let page = format!("/d/{day}");
        ruth.get(&page);
        ruth.try_write(&page, &text).unwrap();
        // Marks of emphasis are no words.
        written.insert(day.clone(), words(&text.replace('*', "")));
        ruth.get(&today);
        let began = Instant::now();
        assert_eq!(ruth.post(&address, &[("another", "yes")]).status, 303);
        let page = opened(&mut ruth, &today);
        slowest = slowest.max(began.elapsed());
        let lines = lines(&page);
        assert_eq!(lines[0].1, day, "the last written day comes first: {lines:?}");
        for (said, cited) in &lines {
            assert!(back <= 5 || *cited == day, "after a gap it speaks of the last day alone: {lines:?}");
            let (_, quoted) = said.split_once('\u{201c}').expect("a small model leaves it to the writer");
            for quotation in quoted.split("\u{201d} \u{201c}") {
                let quotation = words(quotation.trim_end_matches(['\u{201d}', '\u{2026}']));
                assert!(written[cited].contains(&quotation), "{quotation} is not of {cited}");
            }
        }
    }
    println!("openings: {MORNINGS} mornings, the slowest took {slowest:.1?}");
    let last = lines(&opened(&mut ruth, &today));
    // A second tab, and the program started anew.
    assert_eq!(ruth.post(&address, &[]).status, 303);
    assert_eq!(lines(&opened(&mut ruth, &today)), last);
    running.stop();
    running = place.start();
    let mut ruth = Visitor::new(running.address);
    ruth.sign_in("Ruth", "seven herons over the dyke");
    assert_eq!(lines(&opened(&mut ruth, &today)), last);
    assert_eq!(ruth.post(&address, &[]).status, 303);
    assert_eq!(lines(&opened(&mut ruth, &today)), last);
    running.stop();
    place.assert_calm();
}
