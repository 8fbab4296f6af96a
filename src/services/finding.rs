//! Finding entries by word and by meaning.

pub mod asked;
pub(in crate::services) mod for_question;
pub(crate) mod held;
pub mod recent;
mod within;

use std::{
    cell::Cell,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    search::{
        embed::EmbedState,
        engine::{Meta, Near},
        filter::Order,
        lexical::{LookedUp, Matcher, WordHits},
        plain::plain,
        query::Query,
        rank::{self, Ranked},
        snippet::snippet,
    },
    services::{
        Failure, Services,
        finding::{
            asked::{Asked, BadDates, Wanted},
            within::Within,
        },
        indexing::{self, is_searchable},
        sessions::{Session, User},
        words::seen,
    },
    vault::{entries, error::VaultError, traces, transaction::Reader},
};

/// Results on the first page, and on each later one.
const FIRST_PAGE: usize = 15;
const LATER_PAGE: usize = 10;
/// Most pages that are shown as one, as after going back.
const MOST_AT_ONCE: usize = 40;
/// Entries nearest in meaning that are considered.
const NEAREST: usize = 100;

/// Which results are shown. Pages count from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pages {
    first: usize,
    last: usize,
}

impl Pages {
    /// One page.
    pub fn one(page: usize) -> Self {
        let page = page.clamp(1, 10_000);
        Self { first: page, last: page }
    }

    /// All pages up to this one.
    pub fn up_to(page: usize) -> Self {
        Self { first: 1, last: page.clamp(1, MOST_AT_ONCE) }
    }

    /// The first of them.
    pub fn first(self) -> usize {
        self.first
    }

    /// The last of them.
    pub fn last(self) -> usize {
        self.last
    }

    /// How many results stand before them, and how many they hold at most.
    fn stretch(self) -> (usize, usize) {
        let before = |page: usize| if page == 1 { 0 } else { FIRST_PAGE + (page - 2) * LATER_PAGE };
        (before(self.first), before(self.last + 1) - before(self.first))
    }
}

/// Some results.
#[derive(Default)]
pub struct Found {
    /// How many there are in all.
    pub count: usize,
    /// Those of the wanted pages, in order.
    pub hits: Vec<Hit>,
    /// What comes nearest in meaning and may be beside the point; on the first page only, and not counted.
    pub offered: Vec<Hit>,
    /// Whether another page follows.
    pub more: bool,
    /// Sentences about the search itself, such as that meanings are not searched yet.
    pub notes: Vec<String>,
    /// A little later the same search may find more.
    pub is_catching_up: bool,
    /// They stand in the order of time.
    pub is_newest_first: bool,
    /// There was no word to look for.
    pub has_no_words: bool,
    /// Names of the traces that every result carries.
    pub traces: Vec<String>,
}

/// One result.
pub struct Hit {
    /// The entry, or the reply.
    pub entry: EntryId,
    /// Its day.
    pub day: Day,
    /// When it was written.
    pub created: i64,
    /// Who wrote it.
    pub role: Role,
    /// The passage, in pieces; `true` marks a found word.
    pub pieces: Vec<(String, bool)>,
    /// Found by its meaning alone.
    pub meaning_only: bool,
}

/// The query as a vector, or why there is none.
#[derive(Default)]
struct Meaning {
    vector: Option<Vec<f32>>,
    note: Option<String>,
    is_catching_up: bool,
}

impl Services {
    /// What is wrong with the dates of a search, if anything is.
    pub fn bad_dates(&self, session: &Session, asked: &Asked) -> Option<BadDates> {
        asked.wanted(self.today(session), &|_| None).err()
    }

    /// Searches the whole journal, or what the dates, the traces and the voice leave of it. Without words, everything
    /// that is left is found, newest first.
    ///
    /// # Errors
    /// When a record cannot be read. A search whose dates are bad finds nothing; see [`Services::bad_dates`].
    pub async fn find(&self, session: &Session, asked: &Asked, pages: Pages) -> Result<Found, Failure> {
        let Ok(wanted) = self.wanted(session, asked).await? else { return Ok(Found::default()) };
        if wanted.query.is_empty() && wanted.is_open() {
            return Ok(Found { has_no_words: true, notes: notes(&wanted, None), ..Found::default() });
        }
        let (meaning, words) = self.meaning_and_words(&session.user, &wanted.query).await?;
        let user = Arc::clone(&session.user);
        blocking::db(move || find(&user, &wanted, meaning, words, pages)).await?
    }

    /// The meaning of a query, and beside it what its words find without it: the embedder has a thread of its own.
    async fn meaning_and_words(
        &self,
        user: &Arc<User>,
        query: &Query,
    ) -> Result<(Meaning, Option<LookedUp>), Failure> {
        let (asked, whole) = (Arc::clone(user), query.clone());
        let words = async {
            match query.is_empty() {
                true => Ok(Ok(None)),
                false => blocking::db(move || asked.words.look_up(&asked.vault, &whole)).await,
            }
        };
        let (meaning, words) = tokio::join!(self.meaning_of(user, query), words);
        Ok((meaning, words??))
    }

    /// Reads what was asked, with the traces there are.
    async fn wanted(&self, session: &Session, asked: &Asked) -> Result<Result<Wanted, BadDates>, Failure> {
        let (user, today, asked) = (Arc::clone(&session.user), self.today(session), asked.clone());
        blocking::db(move || {
            let wanted = user.vault.read(|r| {
                let failed = Cell::new(None);
                let wanted = asked.wanted(today, &|name| match traces::find(r, name) {
                    Ok(found) => found.map(|trace| trace.id),
                    Err(error) => {
                        failed.set(Some(error));
                        None
                    }
                });
                match failed.into_inner() {
                    Some(error @ VaultError::Store(_)) => Err(error),
                    // A trace that does not open is one that cannot be looked for.
                    _ => Ok(wanted),
                }
            })?;
            Ok(wanted)
        })
        .await?
    }

    /// The query as a vector, or a sentence that says why meanings are not searched.
    async fn meaning_of(&self, user: &User, query: &Query) -> Meaning {
        let only_words = |why: &str, is_catching_up| Meaning {
            vector: None,
            note: Some(format!("Only words were searched: {why}.")),
            is_catching_up,
        };
        if query.meaning().is_empty() {
            return Meaning::default();
        }
        if !self.has_embedder {
            return only_words("this program has no embedder, which finds meanings", false);
        }
        match self.embed.state() {
            EmbedState::Unavailable(_) => return only_words("the embedder could not be loaded", false),
            EmbedState::Idle | EmbedState::Loading => {
                return only_words("the embedder is still being loaded", true);
            }
            EmbedState::Ready(_) => {}
        }
        match self.embed.embed_query(query.meaning().to_owned()).await {
            Ok(vector) => {
                let waiting = user.index.waiting.load(Ordering::Relaxed);
                let is_open = self.ask_index(user);
                let is_opening = !is_open || user.index.is_opening.load(Ordering::Relaxed);
                let note = match waiting {
                    _ if is_opening => {
                        Some("The index is still being opened: in a moment more may be found.".to_owned())
                    }
                    0 => None,
                    1 => Some("1 entry is still to be read for its meaning.".to_owned()),
                    n => Some(format!("{n} entries are still to be read for their meaning.")),
                };
                Meaning { vector: Some(vector), note, is_catching_up: is_opening || waiting > 0 }
            }
            Err(error) => {
                tracing::warn!(%error, "a query could not be embedded");
                only_words("the embedder is busy", true)
            }
        }
    }
}

fn find(
    user: &User,
    wanted: &Wanted,
    meaning: Meaning,
    looked_up: Option<LookedUp>,
    pages: Pages,
) -> Result<Found, Failure> {
    let Wanted { query, order, .. } = wanted;
    let within = user.vault.read(|r| Within::of(r, wanted))?;
    let mut near = meaning.vector.map_or_else(Vec::new, |vector| nearest_within(user, &vector, &within));
    let mut marker = Matcher::new(query);
    let (results, offered) = if query.is_empty() {
        (user.vault.read(|r| within.everything(r, query))?, Vec::new())
    } else {
        let mut words = said(user, query, looked_up, &mut near)?;
        within.narrow(&mut words);
        marker.widen(&words.wanted);
        let mut results = rank::fuse(&words, &near);
        let offered = rank::perhaps(&words, &near, &results);
        if *order == Order::Newest {
            rank::newest_first(&mut results);
        }
        (results, offered)
    };
    Ok(user.vault.read(|r| {
        let (skip, take) = pages.stretch();
        let count = results.len();
        let shown = count.saturating_sub(skip).min(take);
        let mut opened = |results: &mut dyn Iterator<Item = Ranked>| {
            let mut hits = Vec::new();
            for result in results {
                match entries::entry(r, result.seen.id) {
                    Ok(Some(entry)) if is_searchable(&entry) => hits.push(hit(&entry, result, &mut marker)),
                    Err(error @ VaultError::Store(_)) => return Err(error),
                    // It went this very moment, or does not open any more: its day says so.
                    _ => {}
                }
            }
            Ok::<_, VaultError>(hits)
        };
        Ok(Found {
            count,
            more: skip + shown < count,
            hits: opened(&mut results.into_iter().skip(skip).take(take))?,
            offered: opened(&mut offered.into_iter().filter(|_| pages.first == 1))?,
            notes: notes(wanted, meaning.note),
            is_catching_up: meaning.is_catching_up,
            is_newest_first: query.is_empty() || *order == Order::Newest,
            has_no_words: query.is_empty(),
            traces: wanted.names.clone(),
        })
    })?)
}

fn notes(wanted: &Wanted, note: Option<String>) -> Vec<String> {
    let odd = wanted.has_odd_date.then(|| {
        "What follows \u{201c}from:\u{201d} or \u{201c}to:\u{201d} is no date, so it was searched for as a word.".to_owned()
    });
    let unknown = wanted
        .unknown
        .iter()
        .map(|name| format!("There is no trace \u{201c}{name}\u{201d}, so nothing carries it."));
    let odd_traces = wanted
        .odd_traces
        .iter()
        .map(|name| format!("There is no trace \u{201c}{name}\u{201d}, so it was searched for as a word."));
    let odd_without = wanted.odd_without.iter().map(|name| {
        format!("There is no trace \u{201c}{name}\u{201d}, so what says it as a word was left out.")
    });
    note.into_iter().chain(odd).chain(unknown).chain(odd_traces).chain(odd_without).collect()
}

/// Which live entries say the words, and which of those that are near in meaning may be results; the others are taken
/// out of `near`.
fn said(
    user: &User,
    query: &Query,
    looked_up: Option<LookedUp>,
    near: &mut Vec<Near>,
) -> Result<WordHits, VaultError> {
    let indexed: Vec<(EntryId, u32)> = near.iter().map(|near| (near.meta.id, near.meta.revision)).collect();
    if let Some(words) = user.words.find(&user.vault, query, looked_up, &indexed)? {
        near.retain(|near| words.allowed.contains_key(&near.meta.id));
        return Ok(words);
    }
    *near = indexing::fresh(&user.vault, std::mem::take(near))?;
    user.vault.read(|r| read_all(r, query))
}

/// The same from every entry, while there is no index of words.
fn read_all(r: &Reader<'_>, query: &Query) -> Result<WordHits, VaultError> {
    let mut matcher = Matcher::new(query);
    entries::walk(r, true, &mut |entry| {
        if is_searchable(&entry) {
            matcher.read(seen(&entry), &plain(&entry.text));
        }
        true
    })?;
    Ok(matcher.finish())
}

/// The `k` entries nearest to a vector; none while the index is not open.
pub(crate) fn nearest(user: &User, vector: &[f32], k: usize) -> Vec<Near> {
    or_none(indexing::nearest(&user.vault, &user.index, vector, k, None))
}

/// The [`NEAREST`] of what the filter and the traces admit, with what has changed since it was indexed among them:
/// [`said`] takes that out.
fn nearest_within(user: &User, vector: &[f32], within: &Within) -> Vec<Near> {
    let admits = |meta: &Meta| within.admits(meta.id, meta.day, meta.role != Role::Writer);
    let admits: Option<&dyn Fn(&Meta) -> bool> = if within.is_open() { None } else { Some(&admits) };
    or_none(indexing::nearest_as_indexed(&user.vault, &user.index, vector, NEAREST, admits))
}

fn or_none(near: Result<Vec<Near>, VaultError>) -> Vec<Near> {
    near.unwrap_or_else(|error| {
        tracing::error!(%error, "the index could not be read");
        Vec::new()
    })
}

fn hit(entry: &Entry, result: Ranked, marker: &mut Matcher) -> Hit {
    let text = plain(&entry.text);
    let spans = if result.only_meaning { Vec::new() } else { marker.spans(&text) };
    let pieces = snippet(&text, &spans, result.chunk);
    Hit {
        entry: entry.id,
        day: entry.day,
        created: entry.created,
        role: entry.role,
        pieces: pieces.into_iter().map(|piece| (piece.text, piece.marked)).collect(),
        meaning_only: result.only_meaning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_is_longer_than_the_others() {
        assert_eq!(Pages::one(1).stretch(), (0, 15));
        assert_eq!(Pages::one(2).stretch(), (15, 10));
        assert_eq!(Pages::one(4).stretch(), (35, 10));
        assert_eq!(Pages::up_to(3).stretch(), (0, 35));
        assert_eq!(Pages::one(0), Pages::one(1));
    }
}
