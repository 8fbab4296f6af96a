//! How a segment is laid out: its fields, and what takes an analysed text apart.

use tantivy::{
    IndexSettings, SegmentReader,
    directory::OwnedBytes,
    fastfield::{AliveBitSet, write_alive_bitset},
    schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager},
};

use crate::{
    journal::{day::Day, ids::EntryId},
    search::lexical::{
        Seen,
        analyse::{BETWEEN, STEM},
        bits::Bits,
        segment::{Row, WordsError},
    },
};

/// Name of the one tokenizer there is.
const TOKENIZER: &str = "journal";

/// The fields of a segment.
pub(super) struct Fields {
    pub(super) schema: Schema,
    pub(super) words: Field,
    pub(super) high: Field,
    pub(super) low: Field,
    pub(super) day: Field,
    pub(super) created: Field,
    pub(super) machine: Field,
    pub(super) revision: Field,
    pub(super) n_words: Field,
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        Self {
            words: schema.add_text_field("words", TextOptions::default().set_indexing_options(indexing)),
            high: schema.add_u64_field("high", FAST),
            low: schema.add_u64_field("low", FAST),
            day: schema.add_i64_field("day", FAST),
            created: schema.add_i64_field("created", FAST),
            machine: schema.add_u64_field("machine", FAST),
            revision: schema.add_u64_field("revision", FAST),
            n_words: schema.add_u64_field("n_words", FAST),
            schema: schema.build(),
        }
    }
}

/// No thread of its own for the store of documents, which stays empty.
pub(super) fn settings() -> IndexSettings {
    IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() }
}

/// What each entry of a segment is.
pub(super) fn rows(reader: &SegmentReader) -> Result<Vec<Row>, WordsError> {
    let fast = reader.fast_fields();
    let (high, low) = (fast.u64("high")?, fast.u64("low")?);
    let (day, created) = (fast.i64("day")?, fast.i64("created")?);
    let (machine, revision, n_words) = (fast.u64("machine")?, fast.u64("revision")?, fast.u64("n_words")?);
    let small = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    (0..reader.max_doc())
        .map(|doc| {
            let day = day.first(doc).and_then(|number| i32::try_from(number).ok()).and_then(Day::from_number);
            let seen = Seen {
                id: id_of(high.first(doc)?, low.first(doc)?),
                day: day?,
                created: created.first(doc)?,
                machine: machine.first(doc)? != 0,
            };
            Some(Row { seen, revision: small(revision.first(doc))?, n_words: small(n_words.first(doc))? })
        })
        .collect::<Option<Vec<Row>>>()
        .ok_or(WordsError)
}

/// An id as two numbers.
pub(super) fn halves(id: EntryId) -> (u64, u64) {
    let whole = u128::from_be_bytes(*id.as_bytes());
    ((whole >> 64) as u64, whole as u64)
}

fn id_of(high: u64, low: u64) -> EntryId {
    EntryId::from_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

/// The set in tantivy's form.
pub(super) fn alive_set(bits: &Bits, n_docs: usize) -> Result<AliveBitSet, WordsError> {
    let n_docs = u32::try_from(n_docs).map_err(|_| WordsError)?;
    let mut alive = tantivy::BitSet::with_max_value(n_docs);
    (0..n_docs).filter(|doc| bits.has(*doc)).for_each(|doc| {
        alive.insert(doc);
    });
    let mut bytes = Vec::new();
    write_alive_bitset(&alive, &mut bytes)?;
    Ok(AliveBitSet::open(OwnedBytes::new(bytes)))
}

/// What takes analysed texts apart.
pub(super) fn analysers() -> TokenizerManager {
    let analysers = TokenizerManager::default();
    analysers.register(TOKENIZER, Analysed);
    analysers
}

/// Takes apart what [`crate::search::lexical::analyse::analyse`] put together: a word a place, its stem at the same place.
#[derive(Clone)]
struct Analysed;

struct Tokens<'a> {
    rest: Option<&'a str>,
    position: usize,
    token: Token,
}

impl Tokenizer for Analysed {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens<'a> {
        Tokens { rest: Some(text).filter(|text| !text.is_empty()), position: 0, token: Token::default() }
    }
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        let Some(rest) = self.rest else { return false };
        let end = rest.find([BETWEEN, STEM]).unwrap_or(rest.len());
        self.token.text.clear();
        self.token.text.push_str(&rest[..end]);
        self.token.position = self.position;
        // Both signs take one byte.
        self.rest = rest.get(end + 1..);
        self.position += usize::from(rest[end..].starts_with(BETWEEN));
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
