//! Choosing a password: one policy everywhere, the meter, the passphrase.

use std::net::{IpAddr, Ipv4Addr};

use crate::it::common::{Ask, Options, PASSWORD, TestApp, attribute};

/// Eleven characters that a dictionary and a year make.
const GUESSABLE: &str = "mountain2026";

// proves: SR-20
#[tokio::test]
async fn a_password_that_can_be_guessed_is_refused_wherever_one_is_chosen() {
    let app = TestApp::new().await;
    let (_, _, code) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.anonymous();
    mira.get("/register").await;
    let chosen = [("password", GUESSABLE), ("password_confirm", GUESSABLE)];
    let with = |more: &[(&'static str, &'static str)]| [more, chosen.as_slice()].concat();
    let registered = mira.post("/register", &with(&[("username", "Jonas")])).await.expect(422);
    let fields = [("username", "Mira"), ("recovery_code", code.as_str()), chosen[0], chosen[1]];
    let recovered = mira.post("/recover", &fields).await.expect(422);
    let signed_in = app.sign_in_again("Mira").await;
    let fields = with(&[("username", "Mira"), ("current_password", PASSWORD)]);
    let changed = signed_in.post("/settings/security/password", &fields).await.expect(422);
    for got in [registered, recovered, changed] {
        assert!(got.body.contains("Too easy to guess: one graphics card would need"), "{}", got.body);
        assert!(!got.body.contains(GUESSABLE));
    }
    app.sign_in_again("Mira").await;
}

#[tokio::test]
async fn the_name_is_no_password() {
    let app = TestApp::new().await;
    let mira = app.anonymous();
    mira.get("/register").await;
    let own = "Wilhelmina von Greifenstein";
    let fields = [("username", own), ("password", own), ("password_confirm", own)];
    mira.post("/register", &fields).await.expect(422);
}

// proves: SR-20 (129 characters, and the two spellings of an accented letter)
#[tokio::test]
async fn every_character_of_a_long_password_counts() {
    let app = TestApp::new().await;
    let long = "heron dyke seven over the caf\u{e9} ".repeat(5).chars().take(128).collect::<String>();
    let (right, other) = (long.clone() + "a", long + "b");
    app.state.services.register("Mira", &right, &right, None).await.expect("an account");
    let mira = app.anonymous();
    mira.get("/login").await;
    mira.post("/login", &[("username", "Mira"), ("password", &other)]).await.expect(401);
    let decomposed = right.replace('\u{e9}', "e\u{301}");
    assert_ne!(decomposed, right);
    mira.post("/login", &[("username", "Mira"), ("password", &decomposed)]).await.expect(303);
}

// proves: SR-21
#[tokio::test]
async fn the_meter_says_how_long_one_graphics_card_would_need() {
    let app = TestApp::new().await;
    let mira = app.anonymous();
    mira.get("/register").await;
    let ask = |password: &str| {
        Ask::post("/password-strength").partial().fields(&[("username", "Mira"), ("password", password)])
    };
    let weak = mira.send(ask(GUESSABLE)).await.expect(200);
    assert!(weak.body.contains("Too easy to guess"), "{}", weak.body);
    assert_eq!(weak.header("cache-control"), "no-store");
    let strong = mira.send(ask(PASSWORD)).await.expect(200);
    assert!(strong.body.contains("one graphics card would need"), "{}", strong.body);
    let power = |body: &str| {
        attribute(body, "strength__meter", "value").expect("a value").parse::<f64>().expect("a number")
    };
    assert!(power(&strong.body) > power(&weak.body));
    assert!(!strong.body.contains(PASSWORD) && !strong.body.contains("<html"));
    mira.send(ask("")).await.expect(204);
    mira.send(ask(&"x".repeat(257))).await.expect(413);
    mira.send(ask(PASSWORD).without_token()).await.expect(403);
}

// proves: SR-21
// D45 (strength)
#[tokio::test]
async fn one_address_cannot_keep_the_meter_busy() {
    let app = TestApp::new().await;
    let mallory = app.anonymous();
    mallory.get("/register").await;
    let ask = |last: u8| {
        Ask::post("/password-strength")
            .partial()
            .fields(&[("password", "x")])
            .from(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    };
    let mut n_refused = 0;
    for _ in 0..80 {
        let got = mallory.send(ask(1)).await;
        assert!(matches!(got.status, 200 | 429));
        n_refused += u32::from(got.status == 429);
    }
    assert!(n_refused > 0);
    mallory.send(ask(2)).await.expect(200);
}

#[tokio::test]
async fn a_passphrase_comes_alone_or_on_its_page_and_opens_a_journal() {
    let app = TestApp::new().await;
    let mira = app.anonymous();
    mira.get("/register").await;
    let words = |body: &str| {
        let from = body.find("passphrase__words\">").expect("a passphrase") + "passphrase__words\">".len();
        body[from..].split('<').next().expect("its words").to_owned()
    };
    let part = mira.send(Ask::post("/passphrase").partial()).await.expect(200);
    assert!(!part.body.contains("<html"), "a part: {}", part.body);
    let page = mira
        .post("/passphrase", &[("page", "register"), ("username", "Mira"), ("password", "half")])
        .await
        .expect(200);
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(
        page.body.contains("value=\"Mira\"")
            && page.body.contains("64.6 bits")
            && !page.body.contains("half\"")
    );
    assert!(!page.body.contains("id=\"code\""), "no code is asked for here");
    let phrase = words(&page.body);
    assert_eq!(phrase.split(' ').count(), 5);
    assert_ne!(phrase, words(&part.body));
    let fields = [("username", "Mira"), ("password", phrase.as_str()), ("password_confirm", phrase.as_str())];
    mira.post("/register", &fields).await.expect(200);
    for (name, address) in
        [("recover", "action=\"/recover\""), ("password", "action=\"/settings/security/password\"")]
    {
        let page = mira.post("/passphrase", &[("page", name), ("username", "Mira")]).await.expect(200);
        assert!(page.body.contains(address), "{name}");
        assert_eq!(words(&page.body).split(' ').count(), 5, "{name}");
    }
}

#[tokio::test]
async fn a_code_that_was_typed_stays_when_a_passphrase_is_drawn_without_scripts() {
    let remote = TestApp::with(&Options { is_remote: true, ..Options::default() }).await;
    let typed = "7kqd m3xa";
    for (app, page, field) in
        [(&TestApp::new().await, "recover", "recovery_code"), (&remote, "register", "code")]
    {
        let browser = app.anonymous();
        browser.get(&format!("/{page}")).await.expect(200);
        let fields = [("page", page), ("username", "Mira"), (field, typed), ("password", "half")];
        for path in ["/passphrase".to_owned(), format!("/{page}")] {
            let got = browser.post(&path, &fields).await;
            let kept = attribute(&got.body, &format!("name=\"{field}\""), "value");
            assert_eq!(kept.as_deref(), Some(typed), "{path} of {page}: {}", got.status);
            assert_eq!(got.header("cache-control"), "no-store");
            assert!(!got.body.contains("half\""), "a password is not kept");
        }
    }
}
