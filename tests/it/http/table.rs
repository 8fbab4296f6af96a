//! What holds for every row of the route table.

use std::collections::BTreeMap;

use llamora::{
    routes::ROWS,
    web::table::{Handler, Kind},
};
use poem::http::Method;

use crate::it::common::{Ask, TestApp};

#[tokio::test]
async fn every_row_answers_its_sample_and_none_fails() {
    for row in ROWS {
        let app = TestApp::new().await;
        let mira = app.register("Mira").await;
        let got = mira.send(Ask::new(row.method.clone(), &row.sample())).await;
        let what = format!("{} {}: {} {}", row.method, row.pattern, got.status, got.body);
        assert!(matches!(got.status, 200 | 204 | 303 | 400 | 401 | 403 | 404 | 422), "{what}");
        assert_ne!(got.status, 405, "{what}");
        if matches!(row.kind, Kind::Page | Kind::Asset | Kind::Health) && !row.pattern.contains(":id") {
            assert!(matches!(got.status, 200 | 303), "{what}");
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for row in ROWS.iter().filter(|row| row.method == Method::GET) {
        let get = mira.send(Ask::get(&row.sample())).await;
        let head = mira.send(Ask::new(Method::HEAD, &row.sample())).await;
        assert_eq!(head.status, get.status, "{}", row.pattern);
        assert_eq!(head.header("content-type"), get.header("content-type"), "{}", row.pattern);
        assert_eq!(head.body, "", "{}", row.pattern);
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_right_ones() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let mut patterns: BTreeMap<&str, (String, Vec<&str>)> = BTreeMap::new();
    for row in ROWS {
        patterns.entry(row.pattern).or_insert((row.sample(), Vec::new())).1.push(row.method.as_str());
    }
    for (pattern, (sample, mut methods)) in patterns {
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
            if methods.contains(&method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let got = mira.send(Ask::new(method.clone(), &sample)).await;
            // `/d/today` also fits `/d/:date`, which has no other methods either.
            assert_eq!(got.status, 405, "{method} {pattern}: {}", got.body);
            let mut allow: Vec<&str> = got.header("allow").split(", ").collect();
            allow.sort_unstable();
            methods.sort_unstable();
            assert_eq!(allow, methods, "{method} {pattern}");
        }
    }
}

#[tokio::test]
async fn an_unknown_address_is_404_in_our_dress() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for path in [
        "/nothing",
        "/d",
        "/d/",
        "/d/2026-02-30",
        "/d/yesterday",
        "/entries",
        "/entries/12",
        "//",
        "/%ff",
        "/login/",
    ] {
        let got = mira.get(path).await;
        assert_eq!(got.status, 404, "{path}");
        assert!(got.body.contains("Not found"), "{path}: {}", got.body);
    }
}

#[tokio::test]
async fn a_row_that_needs_a_session_gives_nothing_without_one() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    for row in ROWS.iter().filter(|row| row.needs_session()) {
        let anybody = app.anonymous();
        anybody.get("/login").await.expect(200);
        let got = anybody.send(Ask::new(row.method.clone(), &row.sample())).await;
        let what = format!("{} {}", row.method, row.pattern);
        if row.kind == Kind::Events {
            assert_eq!(got.status, 401, "{what}");
        } else {
            assert_eq!((got.status, got.location()), (303, "/login"), "{what}");
        }
        let part = anybody.send(Ask::new(row.method.clone(), &row.sample()).partial()).await;
        assert_eq!(part.status, 401, "{what} in part");
        let json = anybody
            .send(Ask::new(row.method.clone(), &row.sample()).header("accept", "application/json"))
            .await;
        assert_eq!(json.status, 401, "{what} as JSON");
        assert!(json.body.starts_with('{'), "{what} as JSON: {}", json.body);
    }
}

#[test]
fn what_changes_something_takes_a_form_and_what_takes_none_is_get() {
    for row in ROWS {
        let takes_form = matches!(row.handler, Handler::OpenForm(_) | Handler::SignedForm(_));
        assert_eq!(takes_form, row.is_form(), "{} {}", row.method, row.pattern);
        assert_eq!(takes_form, row.method != Method::GET, "{} {}", row.method, row.pattern);
    }
}
