//! Hovering across a month asks for the recap of every day in it; whatever is asked for, one is made at a time.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use llamora::{config::manifest::Ability, services::recaps::Counted};

use super::{LONG, app, write_on};
use crate::it::common::{Ask, SignedIn, TestApp};

/// The days of the last month, of each a text that is long enough for a recap.
async fn filled(mira: &SignedIn) -> Vec<String> {
    let days: Vec<String> = (1..=31).map(|day| format!("2026-10-{day:02}")).collect();
    for day in &days {
        write_on(mira, day, &format!("{LONG} We walked slowly on {day}.")).await;
    }
    days
}

/// What the calendar says of a day that is rested on; empty while there is nothing.
async fn line(mira: &SignedIn, day: &str) -> String {
    mira.send(Ask::get(&format!("/d/{day}/recap/line")).partial()).await.expect(200).body
}

/// What was counted once nothing is at work any more.
pub(super) async fn at_rest(app: &TestApp) -> Counted {
    let looked = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let counted = app.state.services.recaps_counted();
            if counted.is_at_rest {
                return counted;
            }
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("it comes to an end")
}

/// Median and worst of some times, in milliseconds.
fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let of = |at: usize| times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    format!("{:.1} ms, {:.1} ms at most", of(times.len() / 2), of(times.len().saturating_sub(1)))
}

// Issue 7, "must be seen to hold" 4 (prints what a page costs meanwhile)
#[tokio::test(flavor = "multi_thread")]
async fn hovering_across_a_month_makes_one_recap_at_a_time_and_asks_no_model() {
    let app = app(Ability::Taste).await;
    let mira = app.register("Mira").await;
    let days = filled(&mira).await;
    let pages = async {
        let mut times = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            mira.get("/calendar/2026/10").await.expect(200);
            times.push(begun.elapsed());
        }
        times
    };
    let (_, pages) = join(join_all(days.iter().map(|day| line(&mira, day))), pages).await;
    // What somebody waited for in vain is there the next time.
    let mut lines = Vec::new();
    for day in &days {
        let looked = tokio::time::timeout(Duration::from_secs(60), async {
            while !line(&mira, day).await.contains("garden") {}
        });
        looked.await.expect("the recap comes");
        let begun = Instant::now();
        assert!(line(&mira, day).await.contains("garden"));
        lines.push(begun.elapsed());
    }
    let counted = at_rest(&app).await;
    assert_eq!((counted.most, counted.asked), (1, 0), "{counted:?}");
    assert!(counted.begun >= days.len());
    println!(
        "31 days hovered at once: a calendar page meanwhile {}; a line that is there {}",
        told(pages),
        told(lines)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hovering_across_a_month_leaves_no_queue_of_generations() {
    let app = app(Ability::Able).await;
    let mira = app.register("Mira").await;
    let days = filled(&mira).await;
    join_all(days.iter().map(|day| line(&mira, day))).await;
    let counted = at_rest(&app).await;
    assert_eq!(counted.most, 1, "{counted:?}");
    assert!(counted.asked <= counted.begun, "never more than one for each");
    // Nobody looks any more, so nothing is begun any more.
    mira.get("/calendar/2026/10").await.expect(200);
    assert_eq!(at_rest(&app).await, counted);
}
