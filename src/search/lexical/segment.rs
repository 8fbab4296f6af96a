//! A piece of the word index that never changes: the words of some hundred to some ten thousand entries.
//!
//! Built by tantivy on the calling thread; nothing of it keeps threads, locks or files. The text itself is not in it,
//! only which words stand where, and what ranking has to know of an entry ([`Row`]).

mod shape;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tantivy::{
    DocSet, Index, SegmentReader, TERMINATED, TantivyDocument, Term,
    index::InvertedIndexReader,
    indexer::merge_filtered_segments,
    postings::{Postings, SegmentPostings, TermInfo},
    query::FuzzyTermQuery,
    schema::{Field, IndexRecordOption},
};

use crate::search::lexical::{
    Seen,
    analyse::{Language, STEM_MARK},
    bits::Bits,
    directory::MemoryDirectory,
    segment::shape::Fields,
    wanted::{Form, Wanted},
};

/// Sets how large a table of words a segment is begun with; it grows as needed.
const BUILD_BYTES: usize = 8 << 20;
/// With so many times more entries that hold a word than are asked about, it is looked up for each of these.
const SPARSE: usize = 16;
/// Most forms of a word that is not known or not finished: the ones in most entries.
const MOST_FORMS: usize = 48;

/// The index could not be built or read; make it anew from the entries.
#[derive(Debug, thiserror::Error)]
#[error("the word index cannot be used")]
pub struct WordsError;

impl From<tantivy::TantivyError> for WordsError {
    /// The cause may name a word of the journal, so it is let go.
    fn from(_: tantivy::TantivyError) -> Self {
        Self
    }
}

impl From<std::io::Error> for WordsError {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// An entry as the index knows it, besides its words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// What ranking has to know.
    pub seen: Seen,
    /// Revision of the text that was read.
    pub revision: u32,
    /// Its length.
    pub n_words: u32,
}

/// An entry that says what was looked for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Said {
    pub(super) doc: u32,
    /// How often.
    pub(super) count: u16,
    /// 1 for the very word, less for another form of it.
    pub(super) weight: f32,
}

/// See the module.
pub struct Segment {
    /// Unique in this process.
    pub(super) number: u64,
    pub(super) rows: Vec<Row>,
    directory: MemoryDirectory,
    index: Index,
    words: Arc<InvertedIndexReader>,
    field: Field,
    languages: Vec<Language>,
}

impl Segment {
    /// Builds a segment of entries; `tokens` are from [`super::analyse::analyse`].
    ///
    /// # Errors
    /// [`WordsError`], also when `stop` became true.
    pub(super) fn build<'a>(
        entries: impl Iterator<Item = (Row, &'a str)>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, WordsError> {
        let directory = MemoryDirectory::stoppable(stop);
        let fields = Fields::new();
        let mut writer = Index::builder()
            .schema(fields.schema.clone())
            .settings(shape::settings())
            .tokenizers(shape::analysers())
            .single_segment_index_writer::<TantivyDocument>(directory.clone(), BUILD_BYTES)?;
        for (row, tokens) in entries {
            let (high, low) = shape::halves(row.seen.id);
            let mut document = TantivyDocument::default();
            document.add_text(fields.words, tokens);
            document.add_u64(fields.high, high);
            document.add_u64(fields.low, low);
            document.add_i64(fields.day, row.seen.day.number().into());
            document.add_i64(fields.created, row.seen.created);
            document.add_u64(fields.machine, row.seen.machine.into());
            document.add_u64(fields.revision, row.revision.into());
            document.add_u64(fields.n_words, row.n_words.into());
            writer.add_document(document)?;
        }
        writer.finalize()?;
        Self::over(directory)
    }

    /// Opens what [`Segment::pack`] made.
    ///
    /// # Errors
    /// [`WordsError`] for anything else, such as the work of another version.
    pub fn open(packed: Vec<u8>) -> Result<Self, WordsError> {
        Self::over(MemoryDirectory::unpack(packed).ok_or(WordsError)?)
    }

    /// The whole segment as bytes, to be sealed.
    pub fn pack(&self) -> Vec<u8> {
        self.directory.pack()
    }

    /// Puts the entries that are alive in each of several segments into one.
    ///
    /// # Errors
    /// [`WordsError`], also when `stop` became true.
    pub(super) fn merge(parts: &[(Arc<Segment>, Bits)], stop: &Arc<AtomicBool>) -> Result<Self, WordsError> {
        let directory = MemoryDirectory::stoppable(stop);
        let mut segments = Vec::new();
        let mut alive = Vec::new();
        for (part, bits) in parts {
            segments.extend(part.index.searchable_segments()?);
            alive.push(Some(shape::alive_set(bits, part.rows.len())?));
        }
        merge_filtered_segments(&segments, shape::settings(), alive, directory.clone())?;
        Self::over(directory)
    }

    fn over(directory: MemoryDirectory) -> Result<Self, WordsError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let fields = Fields::new();
        let index = Index::open(directory.clone())?;
        let segments = index.searchable_segments()?;
        let [segment] = segments.as_slice() else { return Err(WordsError) };
        if index.schema() != fields.schema {
            return Err(WordsError);
        }
        let reader = SegmentReader::open(segment)?;
        let words = reader.inverted_index(fields.words)?;
        let mut opened = Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            rows: shape::rows(&reader)?,
            directory,
            index,
            words,
            field: fields.words,
            languages: Vec::new(),
        };
        for language in Language::all() {
            let prefix = language.prefix();
            let mut terms = opened.words.terms().range().ge(&prefix).into_stream()?;
            if terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
                opened.languages.push(language);
            }
        }
        Ok(opened)
    }

    /// Bytes in memory, about.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.directory.size() + self.rows.len() * size_of::<Row>()
    }

    /// Languages in which a word of the segment has a stem of its own.
    pub(super) fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// Entries in `live` that hold these words one after the other, in order.
    pub(super) fn said(&self, words: &[String], live: &Bits) -> Result<Vec<Said>, WordsError> {
        let mut said = Vec::new();
        if let [word] = words {
            let Some(info) = self.info(word)? else { return Ok(said) };
            self.count(&info, 1.0, live, &mut said)?;
            return Ok(said);
        }
        let mut all = Vec::with_capacity(words.len());
        for word in words {
            let Some(info) = self.info(word)? else { return Ok(said) };
            all.push((info.doc_freq, self.postings(&info, IndexRecordOption::WithFreqsAndPositions)?));
        }
        let Some(rarest) = (0..all.len()).min_by_key(|place| all[*place].0) else { return Ok(said) };
        let mut places = vec![Vec::new(); all.len()];
        let mut doc = all[rarest].1.doc();
        while doc != TERMINATED {
            let mut is_everywhere = live.has(doc);
            for (_, postings) in &mut all {
                is_everywhere = is_everywhere
                    && (if postings.doc() < doc { postings.seek(doc) } else { postings.doc() }) == doc;
            }
            if is_everywhere {
                for ((_, postings), places) in all.iter_mut().zip(&mut places) {
                    postings.positions(places);
                }
                let count = runs(&places);
                if count > 0 {
                    said.push(Said { doc, count, weight: 1.0 });
                }
            }
            doc = all[rarest].1.advance();
        }
        Ok(said)
    }

    /// Entries in `live` that hold the word in another form, in any order, perhaps more than once.
    pub(super) fn said_otherwise(
        &self,
        wanted: &Wanted,
        form: Form,
        live: &Bits,
    ) -> Result<Vec<Said>, WordsError> {
        let mut forms: Vec<(TermInfo, f32)> = Vec::new();
        match form {
            Form::Stem => {
                for term in wanted.stem_terms() {
                    forms.extend(self.info(term)?.map(|info| (info, Wanted::STEM_WEIGHT)));
                }
            }
            Form::Beginning => {
                let mut terms = self.words.terms().range().ge(&wanted.word).into_stream()?;
                while terms.advance() && terms.key().starts_with(wanted.word.as_bytes()) {
                    if terms.key() != wanted.word.as_bytes() {
                        forms.push((terms.value().clone(), Wanted::BEGINNING_WEIGHT));
                    }
                }
            }
            Form::Misspelt => {
                let most = u8::try_from(wanted.most_slips()).unwrap_or(0);
                let term = Term::from_field_text(self.field, &wanted.word);
                let automaton = FuzzyTermQuery::new(term, most, true).automaton()?;
                let mut terms = self.words.terms().search(&automaton).into_stream()?;
                while terms.advance() {
                    let Ok(word) = std::str::from_utf8(terms.key()) else { continue };
                    if let Some(weight) = wanted.slip_weight(word).filter(|_| !word.starts_with(STEM_MARK)) {
                        forms.push((terms.value().clone(), weight));
                    }
                }
            }
        }
        forms.sort_by(|(left, left_weight), (right, right_weight)| {
            right_weight.total_cmp(left_weight).then(right.doc_freq.cmp(&left.doc_freq))
        });
        let mut said = Vec::new();
        for (info, weight) in forms.iter().take(MOST_FORMS) {
            self.count(info, *weight, live, &mut said)?;
        }
        Ok(said)
    }

    /// In how many entries a word stands, those that do not count any more included.
    pub(super) fn frequency(&self, word: &str) -> Result<u32, WordsError> {
        Ok(self.info(word)?.map_or(0, |info| info.doc_freq))
    }

    /// Whether an entry holds a word.
    pub(super) fn has(&self, word: &str, doc: u32) -> Result<bool, WordsError> {
        let Some(info) = self.info(word)? else { return Ok(false) };
        let mut postings = self.postings(&info, IndexRecordOption::Basic)?;
        Ok((if postings.doc() < doc { postings.seek(doc) } else { postings.doc() }) == doc)
    }

    fn count(
        &self,
        info: &TermInfo,
        weight: f32,
        live: &Bits,
        said: &mut Vec<Said>,
    ) -> Result<(), WordsError> {
        let mut postings = self.postings(info, IndexRecordOption::WithFreqs)?;
        let mut add = |postings: &SegmentPostings| {
            let count = u16::try_from(postings.term_freq()).unwrap_or(u16::MAX);
            said.push(Said { doc: postings.doc(), count, weight });
        };
        if live.len() * SPARSE < info.doc_freq as usize {
            for doc in live.iter() {
                if postings.doc() < doc {
                    postings.seek(doc);
                }
                if postings.doc() == doc {
                    add(&postings);
                }
            }
            return Ok(());
        }
        while postings.doc() != TERMINATED {
            if live.has(postings.doc()) {
                add(&postings);
            }
            postings.advance();
        }
        Ok(())
    }

    fn info(&self, term: &str) -> Result<Option<TermInfo>, WordsError> {
        Ok(self.words.terms().get(term)?)
    }

    fn postings(&self, info: &TermInfo, option: IndexRecordOption) -> Result<SegmentPostings, WordsError> {
        Ok(self.words.read_postings_from_terminfo(info, option)?)
    }
}

/// How many places there are from which one word follows the other.
fn runs(places: &[Vec<u32>]) -> u16 {
    let Some((first, rest)) = places.split_first() else { return 0 };
    let starts = first.iter().filter(|start| {
        (1..).zip(rest).all(|(offset, places)| places.binary_search(&(**start + offset)).is_ok())
    });
    u16::try_from(starts.count()).unwrap_or(u16::MAX)
}
