//! The trash: what lies there, what is removed by hand, and what is removed after 30 days.
//!
//! Moving an entry there and taking it back stand in [`crate::services::entries`].

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use crate::{
    blocking,
    journal::{entry::Entry, ids::EntryId},
    services::{
        Failure, Services,
        sessions::{Session, User},
    },
    vault::{entries, error::VaultError, trash},
};

/// How long an entry stays in the trash (`product.md`).
pub const KEEP_DAYS: i64 = 30;
/// Entries on one page of the trash.
pub const PAGE: usize = 50;

const DAY_MS: i64 = 86_400_000;
/// After a failure the trash is looked at again this much later.
const RETRY_MS: i64 = 3_600_000;
/// Entries removed in one transaction, so that others who write wait a moment and no longer.
const BATCH: usize = 32;

/// Something in the trash.
pub struct Trashed {
    /// The entry, or a reply that was thrown away by itself.
    pub entry: Entry,
    /// When it was thrown away, milliseconds since 1970 UTC.
    pub deleted: i64,
    /// Days until it is removed for ever, begun ones counted; 0 when that is due.
    pub days_left: i64,
}

/// One page of the trash.
pub struct TrashView {
    /// Newest first, at most [`PAGE`].
    pub items: Vec<Trashed>,
    /// All that lies in the trash.
    pub count: usize,
    /// This page, from 1.
    pub page: usize,
    /// Pages there are, at least 1.
    pub n_pages: usize,
    /// Things on this page that cannot be opened.
    pub n_unreadable: usize,
    /// When the newest thing in the trash came there: emptying removes nothing that came later.
    pub newest: i64,
}

impl Services {
    /// A page of the trash, from 1; a page that is not there is the last one.
    ///
    /// # Errors
    /// When the trash cannot be read.
    pub async fn trash(&self, session: &Session, page: usize) -> Result<TrashView, Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        Ok(blocking::db(move || {
            user.vault.read(|r| {
                let mut listed = trash::trashed(r)?;
                listed.sort_by_key(|(_, deleted)| std::cmp::Reverse(*deleted));
                let n_pages = listed.len().div_ceil(PAGE).max(1);
                let page = page.clamp(1, n_pages);
                let mut view = TrashView {
                    items: Vec::new(),
                    count: listed.len(),
                    page,
                    n_pages,
                    n_unreadable: 0,
                    newest: listed.first().map_or(0, |(_, deleted)| *deleted),
                };
                for (id, deleted) in listed.into_iter().skip((page - 1) * PAGE).take(PAGE) {
                    match entries::entry(r, id) {
                        Ok(Some(entry)) => {
                            view.items.push(Trashed { entry, deleted, days_left: days_left(deleted, now) });
                        }
                        Err(error @ VaultError::Store(_)) => return Err(error),
                        Ok(None) | Err(_) => view.n_unreadable += 1,
                    }
                }
                Ok(view)
            })
        })
        .await??)
    }

    /// Removes one entry in the trash for ever, with its replies, earlier texts, draft and vectors, and its old bytes
    /// from the file. `false` when it is not in the trash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn purge(&self, session: &Session, id: EntryId) -> Result<bool, Failure> {
        let user = Arc::clone(&session.user);
        let is_gone = blocking::db(move || user.vault.write(|w| trash::purge(w, id))).await??;
        if is_gone {
            self.wrote();
            self.nudge(&session.user);
            self.squeeze().await;
        }
        Ok(is_gone)
    }

    /// Removes everything for ever that came into the trash at `until` or before; gives the number of entries.
    ///
    /// # Errors
    /// When it cannot be written. What was removed until then stays removed.
    pub async fn empty_trash(&self, session: &Session, until: i64) -> Result<usize, Failure> {
        let n_removed = self.purge_until(&session.user, until).await?;
        if n_removed > 0 {
            self.squeeze().await;
        }
        Ok(n_removed)
    }

    /// For everybody who is signed in: removes what has been in the trash for 30 days, once a day, and forgets what
    /// was read for an import and left lying.
    pub fn tend_all(self: &Arc<Self>) {
        for user in self.sessions.users() {
            self.tend(&user);
            user.import.expire(self.clock.now_ms());
        }
    }

    /// The same for one person, at sign-in.
    pub(crate) fn tend(self: &Arc<Self>, user: &Arc<User>) {
        let now = self.clock.now_ms();
        let is_settled = user.is_settled.load(Ordering::SeqCst);
        if !is_settled || !is_due(&user.tended, now) || !user.vault.may_write() {
            return;
        }
        let (services, user) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            match services.purge_until(&user, now - KEEP_DAYS * DAY_MS).await {
                Ok(0) => {}
                Ok(n_removed) => {
                    tracing::info!(records = n_removed, "removed what was in the trash for 30 days")
                }
                // Logged where it happened.
                Err(_) => user.tended.store(now - DAY_MS + RETRY_MS, Ordering::Relaxed),
            }
        });
    }

    async fn purge_until(&self, user: &Arc<User>, until: i64) -> Result<usize, Failure> {
        let keep = Arc::clone(user);
        let listed = blocking::db(move || keep.vault.read(trash::trashed)).await??;
        let ids: Vec<EntryId> =
            listed.into_iter().filter(|(_, deleted)| *deleted <= until).map(|(id, _)| id).collect();
        let mut n_removed = 0;
        for batch in ids.chunks(BATCH) {
            if user.locked.is_stopping() {
                break;
            }
            let (keep, batch) = (Arc::clone(user), batch.to_vec());
            n_removed +=
                blocking::db(move || keep.vault.write(|w| trash::purge_all(w, &batch, until))).await??;
            self.wrote();
        }
        if n_removed > 0 {
            self.nudge(user);
        }
        Ok(n_removed)
    }

    /// Rewrites the file without the bytes of what was removed (`format-v1.md` 18).
    pub(super) async fn squeeze(&self) {
        let store = Arc::clone(&self.store);
        match blocking::db(move || store.compact()).await {
            Ok(Ok(())) => {}
            // The entries are gone; only their sealed bytes wait for the next time.
            Ok(Err(error)) => tracing::warn!(%error, "the file could not be compacted"),
            Err(error) => tracing::error!(%error, "the file could not be compacted"),
        }
    }
}

/// Whether a day has passed since `tended`, which is then `now`. A clock that went backwards counts as a day.
fn is_due(tended: &AtomicI64, now: i64) -> bool {
    let last = tended.load(Ordering::Relaxed);
    let due = now < last || now - last >= DAY_MS;
    due && tended.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

fn days_left(deleted: i64, now: i64) -> i64 {
    let left = deleted.saturating_add(KEEP_DAYS * DAY_MS).saturating_sub(now);
    left.saturating_add(DAY_MS - 1).div_euclid(DAY_MS).clamp(0, KEEP_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_down_to_the_last_one() {
        assert_eq!(days_left(0, 0), 30);
        assert_eq!(days_left(0, DAY_MS - 1), 30);
        assert_eq!(days_left(0, DAY_MS), 29);
        assert_eq!(days_left(0, 30 * DAY_MS - 1), 1);
        assert_eq!(days_left(0, 30 * DAY_MS), 0);
        assert_eq!(days_left(0, 90 * DAY_MS), 0);
        assert_eq!(days_left(DAY_MS * 40, 0), 30, "thrown away under a clock that was ahead");
    }

    #[test]
    fn it_is_due_once_a_day_and_after_the_clock_went_back() {
        let tended = AtomicI64::new(0);
        let now = 20_000 * DAY_MS;
        assert!(is_due(&tended, now));
        assert!(!is_due(&tended, now + DAY_MS - 1));
        assert!(is_due(&tended, now + DAY_MS));
        assert!(is_due(&tended, now));
        assert!(!is_due(&tended, now));
    }
}
