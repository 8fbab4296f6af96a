//! Errors as people and programs meet them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use llamora::{
    services::Failure,
    web::{
        self,
        call::see_other,
        error::WebError,
        state::AppState,
        table::{Handler, Kind, Row, Table},
        view::Views,
    },
};
use poem::{Endpoint, http::Method};

use crate::it::common::{Ask, Options, PASSWORD, TestApp, hosts, services};

#[tokio::test]
async fn one_error_is_a_page_a_part_or_json() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let path = "/entries/01KAMQ0000000000000000000A";
    let page = mira.get(path).await.expect(404);
    assert!(page.body.contains("<html") && page.body.contains("href=\"/d/today\""));
    let part = mira.send(Ask::get(path).partial()).await.expect(404);
    assert!(!part.body.contains("<html"));
    let json = mira.send(Ask::get(path).header("accept", "application/json")).await.expect(404);
    assert!(json.header("content-type").starts_with("application/json"));
    for key in ["\"status\":404", "\"title\":", "\"sentence\":", "\"next\":", "\"id\":"] {
        assert!(json.body.contains(key), "{}", json.body);
    }
}

#[tokio::test]
async fn each_error_has_an_id_of_its_own() {
    let app = TestApp::new().await;
    let anybody = app.anonymous();
    let json = || Ask::get("/nothing").header("accept", "application/json");
    assert_ne!(anybody.send(json()).await.body, anybody.send(json()).await.body);
}

static PANICKING: [Row; 1] = [Row {
    method: Method::GET,
    pattern: "/panics",
    handler: Handler::Open(|_| Box::pin(async { panic!("a bug, in /home/somebody/src/routes.rs") })),
    kind: Kind::Page,
    sample: "/panics",
}];

// proves: RR-31, SR-38
#[tokio::test]
async fn a_panic_costs_one_request_and_tells_nothing() {
    let (services, _) = services(&Options::default());
    let state = AppState::new(services, Views::embedded().expect("templates parse"), hosts(5757));
    let table = Table::new(state, &PANICKING, |_, _| Box::pin(async { panic!("not asked for") }));
    let app = Arc::new(web::wrap(table));
    for _ in 0..2 {
        let request = poem::Request::builder().uri_str("/panics").header("host", "localhost:5757").finish();
        let response = app.get_response(request).await;
        assert_eq!(response.status().as_u16(), 500);
        let body = response.into_body().into_string().await.expect("text");
        assert!(body.contains("That failed"));
        for leak in ["a bug", "/home", "routes.rs", "panic", "rust"] {
            assert!(!body.contains(leak), "{leak}");
        }
    }
}

#[tokio::test]
async fn health_needs_nothing_and_says_nothing_private() {
    let app = TestApp::new().await;
    let anybody = app.anonymous();
    let alive = anybody.get("/healthz").await.expect(200);
    assert!(alive.set_cookies().is_empty());
    let ready = anybody.get("/readyz").await.expect(200);
    for part in ["\"store\":\"ok\"", "\"model\":\"", "\"embedder\":\""] {
        assert!(ready.body.contains(part), "{}", ready.body);
    }
    assert!(ready.set_cookies().is_empty());
}

static LOOKS: AtomicU32 = AtomicU32::new(0);

static TORN: [Row; 2] = [
    Row {
        method: Method::GET,
        pattern: "/torn",
        handler: Handler::Signed(|_, _| {
            Box::pin(async move {
                match LOOKS.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(WebError::from(Failure::Store { read_only: false, full: false })),
                    _ => Ok(see_other("/read")),
                }
            })
        }),
        kind: Kind::Page,
        sample: "/torn",
    },
    Row {
        method: Method::GET,
        pattern: "/gone",
        handler: Handler::Signed(|_, _| {
            Box::pin(async { Err(WebError::from(Failure::Store { read_only: false, full: false })) })
        }),
        kind: Kind::Page,
        sample: "/gone",
    },
];

// proves: RR-05
#[tokio::test]
async fn a_page_that_only_reads_is_read_once_more_when_the_disk_failed_under_it() {
    let (services, _) = services(&Options::default());
    let made = services.register("Mira", PASSWORD, PASSWORD, None).await;
    let (_, token, _) = made.expect("a new account");
    let state = AppState::new(services, Views::embedded().expect("templates parse"), hosts(5757));
    let app = Arc::new(web::wrap(Table::new(state, &TORN, |_, _| Box::pin(async { panic!("signed in") }))));
    let get = |path| {
        let request = poem::Request::builder()
            .uri_str(path)
            .header("host", "localhost:5757")
            .header("cookie", format!("llamora_session={token}"));
        app.get_response(request.finish())
    };
    assert_eq!(get("/torn").await.status().as_u16(), 303);
    assert_eq!(LOOKS.load(Ordering::SeqCst), 2, "looked at twice");
    assert_eq!(get("/gone").await.status().as_u16(), 503, "and not for ever");
}
