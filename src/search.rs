//! Finding: what was meant and what was said, over text that is open in memory.
//!
//! Nothing here touches the disk, a key or the store. `services` opens entries, hands their text in, and seals what
//! comes out. One search goes like this:
//!
//! 1. [`query::Query::parse`] reads what was typed.
//! 2. [`embed::EmbedEngine::embed_query`] turns [`query::Query::meaning`] into a vector (optional: without weights the
//!    words alone decide).
//! 3. [`engine::OpenIndex::candidates`] gives the entries that may be nearest in meaning, by their codes, and
//!    [`engine::Candidates::settle`] the nearest, by exact vectors that the caller opens for the best.
//! 4. [`lexical::WordIndex::find`] gives the entries that say words of it. (While there is no index yet,
//!    [`lexical::Matcher::read`] sees the plain text of each live entry instead.)
//! 5. [`rank::fuse`] makes one list of both; [`rank::perhaps`] has the doubtful rest.
//! 6. [`snippet::snippet`] cuts the shown entries, with marks from [`lexical::Matcher::spans`].
//!
//! Indexing goes [`plain::plain`], [`chunk::chunks`], [`embed::EmbedEngine::embed`], [`vectors`] (bytes to seal),
//! [`engine::OpenIndex::insert`], from time to time [`engine::OpenIndex::draft_fresh`] for a [`segment`]; for words
//! [`lexical::WordIndex::put`].

pub mod answer;
pub mod candle;
pub mod chunk;
pub mod codes;
pub mod cores;
pub mod embed;
pub mod engine;
pub mod filter;
pub mod fold;
pub mod graph;
pub mod ground;
pub mod kernels;
pub mod lexical;
pub mod mood;
pub mod opening;
pub mod phrases;
pub mod plain;
pub mod query;
pub mod rank;
pub mod recap;
pub mod script;
pub mod segment;
pub mod snippet;
#[cfg(any(test, feature = "test-hooks"))]
pub mod toy;
pub mod vectors;
pub mod words;

#[cfg(test)]
mod tests;
