//! RR-31: a bug costs one request. The panic happens at every place where a request looks at the clock, which includes
//! the middle of a transaction.

use super::{ANCHOR, day, mira};
use crate::it::common::{Ask, fresh_op};

// proves: RR-31
#[tokio::test]
async fn rr31_a_panic_at_any_place_costs_one_request_and_leaves_nothing_half_done() {
    let (app, _disk, mira, entry) = mira().await;
    let mut revision = 1;
    let mut failed = 0;
    for place in 1.. {
        let (op, text) = (fresh_op(), format!("Entry number {place} stands here."));
        let fields = [("op", op.as_str()), ("text", text.as_str())];
        let token = mira.token();
        let form = |path: &str, fields: &[(&str, &str)]| {
            Ask::post(path).without_token().header("x-csrf-token", &token).fields(fields)
        };
        app.clock.panic_at(place);
        let got = mira.send(form(&format!("{}/entries", day()), &fields)).await;
        let has_happened = app.clock.panic_at(0);
        if got.status != 303 {
            failed += 1;
            assert_eq!(got.status, 500, "at {place}: {}", got.body);
            assert!(got.body.contains("<html") && !got.body.contains("planted"), "at {place}: {}", got.body);
        }
        // The next request works, and sends the same text: it is there once.
        mira.post(&format!("{}/entries", day()), &fields).await.expect(303);
        let page = mira.get(&day()).await.expect(200);
        assert_eq!(page.body.matches(&text).count(), 1, "at {place}");
        assert!(page.body.contains(ANCHOR));

        app.clock.panic_at(place);
        let changed = format!("{ANCHOR} Changed {place}.");
        let fields =
            [("revision", &*revision.to_string()), ("text", &*changed)].map(|(n, v)| (n, v.to_owned()));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let got = mira.send(form(&format!("/entries/{entry}"), &fields)).await;
        let both_happened = app.clock.panic_at(0) && has_happened;
        assert!(got.status == 303 || got.status == 500, "at {place}: {}", got.status);
        let page = mira.get(&format!("/entries/{entry}")).await.expect(200);
        if page.body.contains(&changed) {
            revision += 1;
        } else {
            assert_eq!(got.status, 500, "at {place}: acknowledged and lost");
        }
        if !both_happened {
            break;
        }
    }
    assert!(failed > 2, "only {failed} places");
}
