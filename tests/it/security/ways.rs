//! Where answers lead: never anywhere that a request names.

use std::collections::BTreeSet;

use llamora::{
    routes::ROWS,
    web::table::{Kind, Row},
};

use crate::it::common::{Ask, Browser, Got, PASSWORD, SignedIn, TODAY, TestApp, fresh_op};

/// What browsers read as another site, or as an order: two slashes, a backslash, a tab, a line end, a scheme, a name.
const PLACES: [&str; 9] = [
    "//example.org/",
    "/\\example.org/",
    "https://example.org/",
    "\\\\example.org",
    "/\t/example.org",
    "/\n//example.org",
    "https:example.org",
    "javascript:alert(1)//example.org",
    "data:text/html,example.org",
];
/// Of these, the ones for which a journal is filled anew for every row.
const FEW: usize = 2;
/// Names that a way back has in other programs.
const WAYS_BACK: [&str; 12] = [
    "next",
    "return",
    "return_to",
    "returnTo",
    "redirect",
    "redirect_uri",
    "continue",
    "url",
    "back",
    "place",
    "date",
    "into",
];
/// Names that fields and values of our own addresses have.
const OURS: [&str; 43] = [
    "name",
    "username",
    "text",
    "page",
    "draft",
    "revision",
    "q",
    "op",
    "from",
    "until",
    "forget",
    "zone",
    "what",
    "traces",
    "to",
    "then",
    "sort",
    "path",
    "other",
    "order",
    "n",
    "model",
    "keep",
    "held_op",
    "held_day",
    "held_draft",
    "held_text",
    "format",
    "change",
    "by",
    "at",
    "address",
    "recent",
    "go",
    "day",
    "year",
    "month",
    "said",
    "done",
    "deleted",
    "undo",
    "merged",
    "after",
];
/// Headers that say where a request came from, or should go.
const HEADERS: [&str; 6] = [
    "referer",
    "hx-current-url",
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-host",
    "x-forwarded-prefix",
];
/// Headers of an answer that send a browser on.
const LEADING: [&str; 7] = [
    "location",
    "refresh",
    "hx-redirect",
    "hx-location",
    "hx-push-url",
    "hx-replace-url",
    "content-location",
];
/// Attributes that lead on.
const ATTRIBUTES: [&str; 6] = ["href", "action", "formaction", "src", "hx-get", "hx-post"];

/// The ids that samples of addresses name.
const ENTRY: &str = "01KAMQ0000000000000000000A";
const TRACE: &str = "01KAMQ0000000000000000000B";

fn is_here(place: &str) -> bool {
    let rest = place.strip_prefix(['/', '#', '?']);
    place.is_empty()
        || rest.is_some_and(|rest| !rest.starts_with(['/', '\\']) && !rest.contains(['\t', '\n', '\\']))
}

#[track_caller]
fn expect_here(got: &Got, what: &str) {
    for name in LEADING {
        let place = got.header(name);
        assert!(is_here(place) && !place.contains("example.org"), "{what}: {name}: {place}");
    }
    assert!(
        !got.body.contains("http-equiv=\"refresh\" content=\"0;"),
        "{what}: a page that leads on at once"
    );
    for name in ATTRIBUTES {
        for value in got.body.split(&format!(" {name}=\"")).skip(1) {
            let place = value.split('"').next().unwrap_or_default().replace("&#x2f;", "/");
            // Pages name a few sites of others, each of them in a template.
            let is_ours = is_here(&place) || place.starts_with("https://");
            assert!(is_ours && !place.contains("example.org"), "{what}: {name}=\"{place}\"");
        }
    }
}

/// A request to this address that says `place` wherever a request can say something.
fn told(row: &Row, path: &str, fields: &[(&str, &str)], place: &str) -> Ask {
    let encoded: String = form_urlencoded::byte_serialize(place.as_bytes()).collect();
    let query: Vec<String> = WAYS_BACK.iter().map(|name| format!("{name}={encoded}")).collect();
    let more: Vec<String> = OURS.iter().map(|name| format!("{name}={encoded}")).collect();
    let mut ask = Ask::new(row.method.clone(), &format!("{path}?{}&{}", query.join("&"), more.join("&")));
    if row.is_form() {
        // Of two fields of one name the first counts.
        ask = ask.fields(fields).fields(&WAYS_BACK.map(|name| (name, place)));
    }
    // A line end cannot be in a header.
    if !place.contains(['\n', '\t']) {
        ask = HEADERS.iter().fold(ask, |ask, name| ask.header(name, place));
    }
    ask
}

/// An address of the row with a place where a name or a number belongs.
fn with_place(row: &Row, place: &str) -> Option<String> {
    let (before, rest) = row.pattern.split_once(':')?;
    let encoded: String = form_urlencoded::byte_serialize(place.as_bytes()).collect();
    let after = rest.find('/').map_or("", |at| &rest[at..]);
    Some(format!("{before}{encoded}{}", after.replace(':', "")))
}

fn pages() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| row.kind != Kind::Asset)
}

// D44 (every row, signed in and out, whatever it is told: in the address, in the form, in headers)
#[tokio::test]
async fn no_row_leads_anywhere_that_a_request_names() {
    let app = TestApp::new().await;
    let mut led = 0;
    for (row_idx, row) in pages().enumerate() {
        let name = format!("Mira {row_idx}");
        let mut mira = app.register(&name).await;
        for place in PLACES {
            app.state.guesses.forget();
            let anybody = app.anonymous();
            anybody.get("/login").await;
            if mira.cookie().is_none() {
                mira = app.sign_in_again(&name).await;
            }
            let browsers: [&Browser; 2] = [&anybody, &mira];
            for path in [Some(row.sample()), with_place(row, place)].into_iter().flatten() {
                for browser in browsers {
                    let fields = OURS.map(|name| (name, place));
                    let got = browser.send(told(row, &path, &fields, place)).await;
                    expect_here(&got, &format!("{} {path} told {place:?}", row.method));
                    led += usize::from(!got.location().is_empty());
                }
            }
        }
    }
    assert!(led > 500, "only {led} answers lead on");
}

/// An address of the row that leads to something of Mira's.
async fn something(mira: &SignedIn, row: &Row) -> String {
    let sample = row.sample();
    if !row.pattern.contains(":id") || sample.contains("sessions") {
        return sample;
    }
    let entry = mira.write("Fog at the harbour.").await;
    let edit = [("revision", "1"), ("text", "Fog at the harbour again.")];
    mira.post(&format!("/entries/{entry}"), &edit).await.expect(303);
    mira.post(&format!("/entries/{entry}/traces"), &[("name", "harbour")]).await.expect(303);
    let page = mira.get(&format!("/entries/{entry}")).await.expect(200).body;
    let trace = page.split("data-trace-id=\"").nth(1).and_then(|rest| rest.split('"').next());
    let mut id = entry.clone();
    if row.pattern.starts_with("/replies") {
        let asked = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
        id = asked.location().split_once("#reply-").expect("a way to the reply").1.to_owned();
    }
    if row.pattern.ends_with(":id/restore") || row.pattern.ends_with("/purge") {
        mira.post(&format!("/entries/{entry}/delete"), &[]).await.expect(303);
    }
    sample.replace(ENTRY, &id).replace(TRACE, trace.expect("a trace"))
}

// D44 (what succeeds leads within as well)
#[tokio::test]
async fn what_is_done_leads_within_whatever_else_the_request_names() {
    let app = TestApp::new().await;
    let mut led = BTreeSet::new();
    for (row_idx, row) in pages().enumerate() {
        // Some of what is ours has to fit, or nothing is done: once nothing else is named, once all of it.
        for (turn, place) in PLACES.into_iter().take(FEW).enumerate() {
            let names_all = turn == 1;
            app.state.guesses.forget();
            let name = format!("Mira {row_idx} {turn}");
            let mira = app.register(&name).await;
            let path = something(&mira, row).await;
            let op = fresh_op();
            let mut fields = vec![
                ("op", op.as_str()),
                ("text", "A text."),
                ("revision", "2"),
                ("name", &name),
                ("username", &name),
                ("password", PASSWORD),
                ("password_confirm", PASSWORD),
                ("current_password", PASSWORD),
                ("q", "harbour"),
                ("keep", "yes"),
                ("never_send", "yes"),
                ("format", "json"),
                ("plain", "yes"),
                ("zone", "Europe/Berlin"),
            ];
            if names_all {
                let named: BTreeSet<&str> = fields.iter().map(|(name, _)| *name).collect();
                fields.extend(OURS.iter().filter(|name| !named.contains(*name)).map(|name| (*name, place)));
            }
            let anybody = app.anonymous();
            anybody.get("/login").await;
            let browser: &Browser = if row.needs_session() { &mira } else { &anybody };
            let got = browser.send(told(row, &path, &fields, place)).await;
            expect_here(&got, &format!("{} {path} told {place:?}", row.method));
            if !got.location().is_empty() && got.location() != "/login" {
                led.insert((row.pattern, row.method.as_str()));
            }
        }
    }
    println!("{} rows lead on when they are done", led.len());
    assert!(led.len() > 40, "only {} rows lead on: {led:?}", led.len());
}

// D44 (after the sign-in, with and without a text that was held)
#[tokio::test]
async fn a_sign_in_leads_to_the_journal_whatever_it_held() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    for place in PLACES {
        for op in [place, "edit.01KAMQ0000000000000000000A.1"] {
            let mira = app.anonymous();
            mira.get("/login").await;
            let fields = [
                ("username", "Mira"),
                ("password", PASSWORD),
                ("held_day", place),
                ("held_op", op),
                ("held_text", "A text."),
                ("next", place),
            ];
            let got = mira.post("/login", &fields).await;
            expect_here(&got, place);
            // It is shown again, and can be saved from here on a day that there is.
            assert!(got.body.contains("A text."), "{place}: {}", got.body);
            assert!(got.body.contains(&format!("action=\"/d/{TODAY}/entries\"")), "{place}: {}", got.body);
            assert_eq!(mira.get("/").await.location(), format!("/d/{TODAY}"), "she is signed in");
        }
    }
}

// The control: what leads elsewhere is seen.
#[test]
fn a_way_elsewhere_is_told_from_one_within() {
    let within = ["/", "/d/2026-11-22#entry-1", "/login?row=left", "", "#main", "?page=2"];
    assert!(within.iter().all(|place| is_here(place)));
    assert!(PLACES.iter().all(|place| !is_here(place)), "{PLACES:?}");
}
