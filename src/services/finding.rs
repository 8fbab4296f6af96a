//! Finding entries by word and by meaning.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    search::{
        embed::EmbedState,
        engine::Near,
        lexical::{Matcher, Seen},
        plain::plain,
        query::Query,
        rank::{self, Ranked},
        snippet::snippet,
    },
    services::{
        Failure, Services,
        indexing::is_searchable,
        sessions::{Session, User, guard},
    },
    vault::entries,
};

/// Longest query that is read, in characters.
pub const MAX_QUERY_CHARS: usize = 512;
/// Results on the first page, and on each later one.
const FIRST_PAGE: usize = 15;
const LATER_PAGE: usize = 10;
/// Entries nearest in meaning that are considered.
const NEAREST: usize = 100;

/// One page of results.
pub struct Found {
    /// How many there are in all.
    pub count: usize,
    /// This page's results, best first.
    pub hits: Vec<Hit>,
    /// Whether another page follows.
    pub more: bool,
    /// A sentence about the search itself, such as that meanings are not searched yet.
    pub note: Option<String>,
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

impl Services {
    /// Searches the whole journal. Pages count from 1.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn find(&self, session: &Session, typed: &str, page: usize) -> Result<Found, Failure> {
        let typed: String = typed.chars().take(MAX_QUERY_CHARS).collect();
        let query = Query::parse(&typed);
        if query.is_empty() {
            return Ok(Found { count: 0, hits: Vec::new(), more: false, note: None });
        }
        let (vector, note) = self.meaning_of(&session.user, &query).await;
        let user = Arc::clone(&session.user);
        blocking::db(move || find(&user, &query, vector.as_deref(), page.max(1), note)).await?
    }

    /// The query as a vector, or a sentence that says why meanings are not searched.
    async fn meaning_of(&self, user: &User, query: &Query) -> (Option<Vec<f32>>, Option<String>) {
        let only_words = |why: &str| Some(format!("Only words were searched: {why}."));
        if !self.has_embedder {
            return (None, only_words("this program has no embedder, which finds meanings"));
        }
        if query.meaning().is_empty() {
            return (None, None);
        }
        match self.embed.state() {
            EmbedState::Unavailable(_) => return (None, only_words("the embedder could not be loaded")),
            EmbedState::Idle | EmbedState::Loading => {
                return (None, only_words("the embedder is still being loaded"));
            }
            EmbedState::Ready(_) => {}
        }
        match self.embed.embed_query(query.meaning().to_owned()).await {
            Ok(vector) => {
                let waiting = user.index.waiting.load(Ordering::Relaxed);
                let note = (waiting > 0)
                    .then(|| format!("{waiting} entries are still being read for their meaning."));
                (Some(vector), note)
            }
            Err(error) => {
                tracing::warn!(%error, "a query could not be embedded");
                (None, only_words("the embedder is busy"))
            }
        }
    }
}

fn find(
    user: &User,
    query: &Query,
    vector: Option<&[f32]>,
    page: usize,
    note: Option<String>,
) -> Result<Found, Failure> {
    let near = vector.map_or_else(Vec::new, |vector| nearest(user, vector, NEAREST));
    let mut matcher = Matcher::new(query);
    let mut marker = Matcher::new(query);
    let (skip, take) = match page {
        1 => (0, FIRST_PAGE),
        _ => (FIRST_PAGE + (page - 2) * LATER_PAGE, LATER_PAGE),
    };
    Ok(user.vault.read(|r| {
        entries::walk(r, true, &mut |entry| {
            if is_searchable(&entry) {
                let machine = entry.role != Role::Writer;
                matcher.read(Seen { id: entry.id, created: entry.created, machine }, &plain(&entry.text));
            }
            true
        })?;
        let words = matcher.finish();
        let results = rank::fuse(&words, &near);
        let count = results.len();
        let shown = count.saturating_sub(skip).min(take);
        // What may be beside the point stands after the results of the first page, and is not counted.
        let offered = if page == 1 { rank::perhaps(&words, &near, &results) } else { Vec::new() };
        let note = match (count, offered.len()) {
            (0, 1..) => Some("This is what comes nearest in meaning.".to_owned()),
            _ => note,
        };
        let mut hits = Vec::new();
        for result in results.into_iter().skip(skip).take(take).chain(offered) {
            // Gone since the walk is impossible: both read one snapshot.
            if let Some(entry) = entries::entry(r, result.seen.id)? {
                hits.push(hit(&entry, result, &mut marker));
            }
        }
        Ok(Found { count, more: skip + shown < count, hits, note })
    })?)
}

/// The `k` entries nearest to a vector; none while the index is not open.
pub(crate) fn nearest(user: &User, vector: &[f32], k: usize) -> Vec<Near> {
    let open = guard(&user.index.open);
    let Some(index) = open.as_ref() else { return Vec::new() };
    index.nearest(vector, k).unwrap_or_else(|error| {
        tracing::error!(%error, "the index and the query do not fit");
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
