//! Sealed records that stand in each other's place.

use std::sync::Arc;

use llamora::{
    journal::entry::{Entry, Given, Provenance, Role},
    store::Store,
    vault::entries,
};

use super::{LOST_DAY, banner, checked, entry, journal, new_row, raw, sign_in, tamper};
use crate::it::common::{TestApp, services_over};

type RowKey = [u8; 24];

/// A journal of two days, each with an anchor, an entry and a reply to the anchor: the rows of both entries, of both
/// replies, and of what lists the days.
fn two_days() -> (Arc<Store>, [[RowKey; 2]; 3]) {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let (_vaults, vault) = journal(&store);
    let insert = |entry: Entry| vault.write(|w| entries::insert(w, &entry)).expect("written");
    let anchors = [entry(1, LOST_DAY, "anchor"), entry(2, LOST_DAY + 1, "anchor")];
    anchors.iter().cloned().for_each(insert);
    let mut touched: Vec<Vec<RowKey>> = Vec::new();
    let own = [entry(3, LOST_DAY, "said on the first"), entry(4, LOST_DAY + 1, "said on the second")].map(
        |entry| {
            let before = raw(&store);
            let (row, _) = new_row(&store, || insert(entry));
            let changed = raw(&store).into_iter().filter(|now| now.0 != row && !before.contains(now));
            touched.push(changed.map(|(row, _)| row).collect());
            row
        },
    );
    let answer = |number: u8, to: &Entry, text: &str| {
        let (model, settings, given) = ("Scripted".to_owned(), String::new(), Given::default());
        let made_by = Some(Provenance { model, sha256: [number; 32], settings, given });
        Entry { role: Role::Reply, reply_to: Some(to.id), made_by, ..entry(number, to.day.number(), text) }
    };
    let replies =
        [answer(5, &anchors[0], "answered the first"), answer(6, &anchors[1], "answered the second")]
            .map(|reply| new_row(&store, || insert(reply)).0);
    // What changes with every entry is of no one day.
    let list = |day: usize| {
        let mut of_one = touched[day].iter().filter(|row| !touched[1 - day].contains(row));
        let (row, more) = (of_one.next().copied(), of_one.next());
        row.filter(|_| more.is_none()).expect("one list of the day")
    };
    let lists = [list(0), list(1)];
    (store, [own, replies, lists])
}

// D41 (date, role and parent: each stands sealed in the row of another, or in the list of another day)
#[tokio::test]
async fn what_was_given_another_date_role_or_parent_is_named_and_shown_nowhere() {
    let texts = ["said on the first", "said on the second", "answered the first", "answered the second"];
    for (what, one, other, left) in [
        ("date", (0, 0), (0, 1), [&[2][..], &[3]]),
        ("role", (0, 0), (1, 0), [&[], &[1, 3]]),
        ("parent", (1, 0), (1, 1), [&[0], &[1]]),
        ("list", (2, 0), (2, 1), [&[], &[]]),
    ] {
        let (store, rows) = two_days();
        let [one, other] = [one, other].map(|(kind, day): (usize, usize)| rows[kind][day]);
        let value = |row| raw(&store).into_iter().find(|(key, _)| *key == row).expect("a row").1;
        tamper(&store, &[(one, Some(value(other))), (other, Some(value(one)))]);
        let app = TestApp::over(services_over(store)).await;
        let mira = sign_in(&app).await;
        let page = checked(&mira).await;
        assert!(page.body.contains("data-integrity=\"altered\""), "{what}");
        assert!(
            banner(&page).contains(if what == "list" { "6 entries" } else { "2 entries" }),
            "{what}: {}",
            banner(&page)
        );
        for (day, left) in ["2025-03-14", "2025-03-15"].into_iter().zip(left) {
            let page = mira.get(&format!("/d/{day}")).await.expect(200);
            let shown = (0..4).filter(|text_idx| page.body.contains(texts[*text_idx]));
            assert_eq!(shown.collect::<Vec<_>>(), left, "{what} on {day}: {}", page.body);
            assert_eq!(page.body.contains("anchor"), what != "list", "{what}: what is whole is shown");
            assert!(!banner(&page).is_empty(), "{what}: every page says so");
            // Two of the four texts are of this day.
            assert_eq!(page.body.contains("data-flaw"), left.len() < 2, "{what}: {day} says so");
        }
        // Nor where a moved one stands alone.
        for number in 3..=6 {
            let id = entry(number, LOST_DAY, "").id;
            let is_whole = left.concat().contains(&(usize::from(number) - 3)) || what == "list";
            for path in [format!("/entries/{id}"), format!("/replies/{id}")] {
                let got = mira.get(&path).await;
                let says = texts.iter().filter(|text| got.body.contains(**text)).count();
                assert!(is_whole || (says == 0 && got.status >= 400), "{what}: {path}: {}", got.status);
            }
        }
    }
}
