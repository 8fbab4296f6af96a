//! The sample day: a day that shows a newcomer what a day looks like, written on wish and removed with one press.

use std::sync::Arc;

use crate::{
    blocking,
    journal::{day::Day, entry::EntryText, ids::EntryId},
    services::{
        Failure, Services,
        drafts::InBox,
        entries::{WriteError, Written},
        sessions::Session,
    },
    vault::{days, entries, error::VaultError, settings, transaction::Reader, trash},
};

/// Name of the setting: the ids of the entries of the sample day, one a line. There is none without a sample day.
const SAMPLE: &str = "sample";

/// What stands on the sample day.
const TEXTS: [&str; 3] = [
    "# A sample day\n\nSo this is what a day looks like. You write in the box at the end of the page, as much or as \
     little as you want, and *Save* puts it on the page with its time.\n\nA blank line begins a paragraph. **Two stars** \
     make a word strong, one makes it *slanted*.",
    "Lists are good for small things:\n\n- [x] water the fig\n- [ ] ring Noor about Saturday\n- [ ] look for the blue \
     notebook\n\nThe boxes can be ticked with a click.",
    "> We write to taste life twice.\n\nRain all afternoon. I found the blue notebook under the radio, of all places, \
     and read in it until it was dark. Tomorrow I will begin a new one: this one.",
];

impl Services {
    /// Writes the sample day on the day before today, unless there is one. Gives the day.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn write_sample(&self, session: &Session) -> Result<Day, Failure> {
        let today = self.today(session);
        let day = today.previous().unwrap_or(today);
        let mut ids = String::new();
        for (idx, text) in TEXTS.iter().enumerate() {
            let text = EntryText::parse(text).map_err(|_| Failure::Internal)?;
            // The same op writes the same entry, so that a form sent twice leaves one sample day.
            let by = InBox { held: None, op: format!("sample-{idx}") };
            let written = self.write(session, day, text, by).await;
            let (Written::Saved(entry) | Written::InTrash(entry)) = written.map_err(|error| match error {
                WriteError::Failed(failure) => failure,
                WriteError::Future => Failure::Internal,
            })?;
            ids.push_str(&format!("{}\n", entry.id));
        }
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.write(|w| settings::put(w, SAMPLE, ids.as_bytes()))).await??;
        self.wrote();
        Ok(day)
    }

    /// Whether nothing was written yet.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn is_empty(&self, session: &Session) -> Result<bool, Failure> {
        let user = Arc::clone(&session.user);
        Ok(blocking::db(move || user.vault.read(days::totals)).await??.is_none())
    }

    /// Removes the entries of the sample day for ever, with their replies. What was written beside them stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remove_sample(&self, session: &Session) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        let ids = blocking::db(move || user.vault.read(ids)).await??;
        for id in &ids {
            session.user.running.stop_for_entry(*id).await;
        }
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        self.making_room(move || {
            user.vault.write(|w| {
                for id in &ids {
                    if entries::entry(w, *id)?.is_some_and(|entry| entry.deleted.is_none()) {
                        trash::trash(w, *id, now)?;
                    }
                    trash::purge(w, *id)?;
                }
                settings::remove(w, SAMPLE)
            })
        })
        .await?;
        self.wrote();
        self.nudge(&session.user);
        self.squeeze().await;
        Ok(())
    }
}

/// The ids of the entries of the sample day; none without one.
pub(super) fn ids(r: &Reader<'_>) -> Result<Vec<EntryId>, VaultError> {
    let stored = settings::get(r, SAMPLE)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&stored).lines().filter_map(|line| line.parse().ok()).collect())
}
