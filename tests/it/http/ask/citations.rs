//! What is cited in an answer over the judged diary opens at the entry that says it, on its day.

use std::{collections::HashMap, time::Duration};

use llamora::config::manifest::Ability;
use serde_json::Value;

use super::{ask, write_on};
use crate::it::common::{Options, SignedIn, TestApp, attribute};

/// An entry of the diary as it was written, and its day.
struct Written {
    day: String,
    text: String,
}

fn rows(json: &str) -> Vec<Value> {
    serde_json::from_str(json).expect("a list")
}

fn text_of(row: &Value, name: &str) -> String {
    row[name].as_str().expect("a text").to_owned()
}

/// The letters and digits of a text of a page, without its tags.
fn letters(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for symbol in html.chars() {
        match symbol {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(symbol),
            _ => {}
        }
    }
    // Signs are no letters, however they are written.
    for name in ["&#x27;", "&#39;", "&quot;", "&#34;", "&#x2f;", "&#47;", "&amp;", "&lt;", "&gt;"] {
        text = text.replace(name, " ");
    }
    text.chars().filter(|symbol| symbol.is_alphanumeric()).collect()
}

/// The statements of an answer: entry, day and what it says.
fn statements(page: &str) -> Vec<(String, String, String)> {
    let answer = page.split("<ol class=\"answer\">").nth(1).and_then(|rest| rest.split("</ol>").next());
    let items = answer.unwrap_or_default().split("<li").skip(1);
    items
        .map(|item| {
            let place = attribute(item, "href=\"/d/", "href").expect("a citation");
            let (day, entry) = place.trim_start_matches("/d/").split_once("#entry-").expect("day and entry");
            let said = item
                .split("<blockquote")
                .nth(1)
                .and_then(|rest| rest.split_once('>'))
                .expect("a quotation")
                .1;
            (entry.to_owned(), day.to_owned(), said.split("</blockquote>").next().expect("an end").to_owned())
        })
        .collect()
}

/// Follows a citation as a press on it does; gives the entry that stands there.
async fn followed(mira: &SignedIn, day: &str, entry: &str) -> String {
    let page = mira.get(&format!("/d/{day}")).await.expect(200).body;
    let at =
        page.split(&format!("id=\"entry-{entry}\"")).nth(1).expect("the entry is on the day that is cited");
    at.split("</article>").next().expect("an end").to_owned()
}

// Issue 7, "must be seen to hold" 6 (each citation of an answer opens the right day).
#[tokio::test]
async fn each_citation_opens_the_day_that_says_it() {
    let app = TestApp::with(&Options { ability: Ability::Taste, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let diary = rows(include_str!("../../../quality/entries.json"));
    let mut written: HashMap<String, Written> = HashMap::new();
    for row in &diary {
        let (day, text) = (text_of(row, "day"), text_of(row, "text"));
        written.insert(write_on(&mira, &day, &text).await, Written { day, text });
    }
    // Once this one is answered everything has been read.
    write_on(&mira, "2025-01-01", "The zeppelin landed.").await;
    let read = tokio::time::timeout(Duration::from_secs(120), async {
        while !ask(&mira, "Where did the zeppelin land?").await.contains("data-answer=\"own\"") {
            tokio::task::yield_now().await;
        }
    });
    read.await.expect("the diary is read");
    let (mut n_answers, mut n_citations) = (0, 0);
    for row in rows(include_str!("../../../quality/questions.json")) {
        let question = text_of(&row, "text");
        let page = ask(&mira, &question).await;
        let statements = statements(&page);
        n_answers += usize::from(!statements.is_empty());
        for (entry, day, said) in statements {
            n_citations += 1;
            let own = written.get(&entry).expect("an entry of hers");
            assert_eq!(own.day, day, "{question}");
            let said = letters(&said);
            assert!(
                !said.is_empty() && letters(&followed(&mira, &day, &entry).await).contains(&said),
                "{question}: {said}"
            );
            assert!(own.text.len() >= said.len(), "{question}");
        }
    }
    println!("{n_answers} answers with {n_citations} citations, each opened at its entry on its day");
    assert!(n_answers >= 10, "only {n_answers}");
}
