//! What a search finds for a question.

use std::{collections::HashMap, ops::Range, sync::Arc};

use crate::{
    blocking,
    journal::{entry::Entry, ids::EntryId},
    search::{answer, lexical::LookedUp, query::Query, rank},
    services::{
        Failure, Services,
        finding::{nearest_within, said, within::Within},
        indexing::is_searchable,
        sessions::{Session, User},
    },
    vault::{entries, error::VaultError},
};

/// The writer's entries that fit a question.
pub(in crate::services) struct ForQuestion {
    /// The best first.
    pub(in crate::services) entries: Vec<Fitting>,
    /// How rare the words of the question are in the journal.
    pub(in crate::services) rarities: HashMap<String, f32>,
    /// The question as a vector, where meanings are searched.
    pub(in crate::services) vector: Option<Vec<f32>>,
    /// Why not everything was searched.
    pub(in crate::services) note: Option<String>,
}

/// An entry that fits a question.
pub(in crate::services) struct Fitting {
    /// The entry.
    pub(in crate::services) entry: Entry,
    /// The part of it that lies nearest to the question.
    pub(in crate::services) nearest: Option<Range<usize>>,
    /// How much of the question it says in words, 0 to 1.
    pub(in crate::services) share: f32,
}

impl Services {
    /// Searches the writer's entries by the words and the meaning of a question; finds none when nothing fits.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub(in crate::services) async fn for_question(
        &self,
        session: &Session,
        question: &str,
    ) -> Result<ForQuestion, Failure> {
        // The space says that the last word is finished.
        let query = Query::parse(&format!("{question} "));
        let (meaning, words) = self.meaning_and_words(&session.user, &query).await?;
        let (user, vector) = (Arc::clone(&session.user), meaning.vector.clone());
        let (entries, rarities) =
            blocking::db(move || find(&user, &query, words, vector.as_deref())).await??;
        Ok(ForQuestion { entries, rarities, vector: meaning.vector, note: meaning.note })
    }
}

type Found = (Vec<Fitting>, HashMap<String, f32>);

fn find(
    user: &User,
    query: &Query,
    looked_up: Option<LookedUp>,
    vector: Option<&[f32]>,
) -> Result<Found, VaultError> {
    let within = Within::writer();
    let mut near = vector.map_or_else(Vec::new, |vector| nearest_within(user, vector, &within));
    let mut words = said(user, query, looked_up, &mut near)?;
    within.narrow(&mut words);
    let results = rank::fuse(&words, &near);
    let shares: HashMap<EntryId, f32> = words.hits.iter().map(|hit| (hit.seen.id, hit.share)).collect();
    user.vault.read(|r| {
        let mut found = Vec::new();
        for result in results {
            match entries::entry(r, result.seen.id) {
                Ok(Some(entry)) if is_searchable(&entry) => {
                    let share = shares.get(&entry.id).copied().unwrap_or_default();
                    found.push(Fitting { entry, nearest: result.chunk, share });
                }
                Err(error @ VaultError::Store(_)) => return Err(error),
                // It went this very moment, or does not open any more: its day says so.
                _ => {}
            }
            if found.len() == answer::MOST_ENTRIES {
                break;
            }
        }
        Ok((found, words.rarities))
    })
}
