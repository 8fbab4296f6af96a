//! Thirty mornings of a diary: each opens with what was written, or with nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use llamora::{
    clock::Fixed,
    config::manifest::Ability,
    journal::{day::Day, entry::EntryText},
    search::{ground::Sources, opening::Page, plain::plain},
    services::{
        Services,
        drafts::InBox,
        openings::{OpeningState, OpeningView},
        sessions::Session,
    },
};

use crate::it::common::{Options, PASSWORD, TODAY, TestApp, fresh_op};

const MORNINGS: usize = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Longer than the program itself waits for a model.
const LIMIT: Duration = Duration::from_secs(90);

/// The texts of one diarist of the judged set, in order.
fn diary() -> Vec<String> {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../../../quality/entries.json")).expect("a set");
    let all = all.as_array().expect("a list");
    let own = all.iter().filter(|entry| entry["writer"] == "ruth");
    own.map(|entry| entry["text"].as_str().expect("a text").to_owned()).collect()
}

async fn opened(services: &Arc<Services>, session: &Session, today: Day) -> OpeningState {
    let mut state = services.open_day(session, today, false).await.expect("it works").expect("it is today");
    while let OpeningState::BeingMade(lines) = state {
        state = services.opening_soon(session, today, lines.len()).await.expect("it works");
    }
    state
}

/// Every line cites a day that was written on, and names nothing that is not there.
fn check(view: &OpeningView, today: Day, written: &HashMap<Day, Vec<String>>) {
    for line in &view.lines {
        let day = line.day.expect("each line cites its day");
        let texts = written.get(&day).expect("that day was written on");
        if view.model.is_some() {
            assert!(Page::new(day, today, texts.clone()).support(&line.text).is_some(), "{}", line.text);
            continue;
        }
        let (_, quoted) = line.text.split_once('\u{201c}').expect("it quotes");
        let sources = Sources::new(texts.iter().map(String::as_str));
        assert_eq!(sources.invented(quoted), [], "{}", line.text);
        for quotation in quoted.split("\u{201d} \u{201c}") {
            let said = quotation.trim_end_matches(['\u{201d}', '\u{2026}']);
            let squeezed = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(texts.iter().any(|text| squeezed(text).contains(said)), "{said}");
        }
    }
}

async fn live_through(ability: Ability) {
    let options = Options { ability, ..Options::default() };
    let app = TestApp::with(&options).await;
    let (services, clock): (&Arc<Services>, &Arc<Fixed>) = (&app.state.services, &app.clock);
    let made = services.register("Ruth", PASSWORD, PASSWORD, Some("UTC")).await.expect("an account");
    let session = made.0;
    let first: Day = TODAY.parse().expect("a day");
    let (mut written, mut texts, mut last): (HashMap<Day, Vec<String>>, _, Option<Day>) =
        (HashMap::new(), diary().into_iter(), None);
    let (mut n_openings, mut today) = (0, first);
    for morning in 0..MORNINGS {
        let state = tokio::time::timeout(LIMIT, opened(services, &session, today)).await.expect("in time");
        match (&state, last) {
            (OpeningState::FirstDay, None) => {}
            (OpeningState::There(view), Some(last)) => {
                n_openings += 1;
                check(view, today, &written);
                let is_own = view.model.is_none();
                assert!(!is_own || view.lines[0].day == Some(last), "the last written day comes first");
                let is_gap = today.number() - last.number() > 5;
                assert!(!is_gap || view.lines.iter().all(|line| line.day == Some(last)));
                // A second tab, and looking again.
                assert_eq!(opened(services, &session, today).await, state);
                assert_eq!(services.opening(&session, today).await.expect("it works"), state);
            }
            other => panic!("morning {morning}: {other:?}"),
        }
        let text = texts.next().expect("enough of the diary");
        written.entry(today).or_default().push(plain(&text));
        let text = EntryText::parse(&text).expect("a text");
        services
            .write(&session, today, text, InBox { held: None, op: fresh_op() })
            .await
            .expect("it is saved");
        last = Some(today);
        // Most days follow each other; some weekends and two weeks are left out.
        let step = if morning % 10 == 4 {
            9
        } else if morning % 7 == 3 {
            3
        } else {
            1
        };
        clock.jump(step * DAY_MS);
        today = Day::from_number(today.number() + i32::try_from(step).expect("few")).expect("a day");
    }
    assert_eq!(n_openings, MORNINGS - 1);
}

#[tokio::test]
async fn thirty_mornings_in_the_writers_own_words() {
    live_through(Ability::Taste).await;
}

#[tokio::test]
async fn thirty_mornings_with_a_capable_model() {
    live_through(Ability::Able).await;
}
