//! Clocks that jump (RR-20).

use crate::it::common::{TODAY, TestApp, fresh_op};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Where the clock stands first: 2026-11-22 10:00 UTC.
const NOW: i64 = 1_795_341_600_000;
const BEHIND: &str = "clock stands before your last entry";

/// From the first moment to: one hour and one day both ways, 1970, 2099, both sides of both changes of summer time in
/// Berlin, both sides of a leap day.
const MOMENTS: &[i64] = &[
    NOW + HOUR,
    NOW - HOUR,
    NOW + DAY,
    NOW - DAY,
    0,
    4_070_908_800_000,
    1_774_745_999_000, // 2026-03-29 00:59:59 UTC: 01:59:59, then 03:00
    1_774_746_001_000,
    1_792_889_999_000, // 2026-10-25 00:59:59 UTC: 02:59:59, then 02:00 again
    1_792_890_001_000,
    1_835_352_000_000, // 2028-02-28 12:00 UTC
    1_835_438_400_000, // the 29th
    1_835_524_800_000,
];

// proves: RR-20 (13 jumps of the clock), SR-15
#[tokio::test]
async fn a_jumping_clock_breaks_nothing_and_is_told_when_it_stands_behind() {
    for moment in MOMENTS {
        let app = TestApp::new().await;
        let mira = app.register("Mira").await;
        mira.write("The first.").await;
        app.clock.jump(moment - NOW);
        let today = mira.get("/d/today").await.expect(303).location().to_owned();
        let page = mira.get(&today).await.expect(200);
        assert_eq!(page.body.contains(BEHIND), *moment < NOW, "{moment}");
        let written = mira.post(&format!("{today}/entries"), &[("op", &fresh_op()), ("text", "Then.")]).await;
        written.expect(303);
        let page = mira.get(&today).await.expect(200);
        assert!(page.body.contains("Then.") && page.body.contains(BEHIND) == (*moment < NOW), "{moment}");
        app.clock.advance(8 * HOUR + 1);
        assert_eq!(mira.get("/d/today").await.expect(303).location(), "/login", "{moment}");
    }
}

// proves: RR-20
#[tokio::test]
async fn entries_keep_the_order_in_which_they_were_written() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (mut wall, mut texts) = (NOW, Vec::new());
    for moment in MOMENTS.iter().chain(&[NOW]) {
        app.clock.jump(moment - wall);
        wall = *moment;
        let text = format!("Written at {moment}.");
        let got = mira.post("/d/1969-12-31/entries", &[("op", &fresh_op()), ("text", &text)]).await;
        mira.get(got.expect(303).location()).await.expect(200);
        texts.push(text);
    }
    let page = mira.get("/d/1969-12-31").await.expect(200);
    let places: Vec<usize> = texts.iter().map(|text| page.body.find(text).expect("the entry")).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.body.contains(BEHIND), "something was written in 2099");
}

// proves: RR-20
#[tokio::test]
async fn the_day_is_that_of_the_writers_zone_on_both_sides_of_midnight() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let mut wall = NOW;
    for (moment, day) in [
        (1_774_738_799_000, "2026-03-28"), // 22:59:59 UTC, an hour before the change
        (1_774_738_800_000, "2026-03-29"),
        (1_774_821_599_000, "2026-03-29"), // 21:59:59 UTC in summer
        (1_774_821_600_000, "2026-03-30"),
        (1_792_879_199_000, "2026-10-24"),
        (1_792_879_200_000, "2026-10-25"),
        (1_792_969_199_000, "2026-10-25"),
        (1_792_969_200_000, "2026-10-26"),
        (1_835_438_400_000, "2028-02-29"),
        (NOW, TODAY),
    ] {
        app.clock.jump(moment - wall);
        wall = moment;
        assert_eq!(mira.get("/d/today").await.expect(303).location(), format!("/d/{day}"), "{moment}");
    }
}

// proves: RR-20, SR-15
#[tokio::test]
async fn no_jump_lengthens_or_ends_a_session() {
    for moment in MOMENTS {
        let app = TestApp::new().await;
        let mira = app.register("Mira").await;
        app.clock.advance(7 * HOUR);
        app.clock.jump(moment - NOW);
        assert_ne!(mira.get("/d/today").await.expect(303).location(), "/login", "{moment}: an hour is left");
        app.clock.advance(8 * HOUR);
        app.clock.jump(NOW - moment);
        assert_ne!(mira.get("/d/today").await.expect(303).location(), "/login", "{moment}");
        app.clock.jump(moment - NOW);
        app.clock.advance(8 * HOUR + 1);
        assert_eq!(mira.get("/d/today").await.expect(303).location(), "/login", "{moment}: its time is over");
    }
}
