//! Which pieces of the journal answer a question. Pure.
//!
//! [`pieces`] cuts what a search found into runs of sentences, [`choose`] takes those that answer, or none: then nothing
//! is said. A piece answers when it lies near to the question in meaning, or less near and says its telling words; when it
//! covers half of the weight of these, and more of those that are no names ([`point`]), and holds a number or a name where
//! one is asked for; and when its entry holds every name, number and date of the question. Nothing is put into other words
//! here.
//!
//! # Figures
//! With all-MiniLM-L6-v2 over the diary of `tests/quality` (180 entries), by the test in `search/tests/questions.rs`. Of
//! the part `report`, written by somebody who knew neither the rule nor the other questions, 72 of 78 that have no answer
//! are refused, and of 45 that have one 8 are answered, 7 with the very words that were asked for. Of the part `tune`,
//! which was looked at: 83 of 85, 28 of 70, 22. Of the part `hard`, on which [`COVERED_BESIDE_NAMES`] was chosen: 176 of
//! 188, 32 of 103, 28. To say nothing where something is there costs a look at the passages, which are shown all the same;
//! to say something wrong costs trust. So nine of ten refused come first, and most questions are answered by the passages
//! alone. With 0.7 for [`COVERED_BESIDE_NAMES`] 38 of the 103 hard ones were answered rightly and 150 of 188 refused.
//!
//! More was tried on the same figures of each piece: logistic regression, random forests and boosted trees answered as
//! few when they refused as many (eightfold cross-validation over `tune` and `hard`). Asking for the verb of the question
//! as well, in any of its forms, and for its doer, refused no more of what it had not been chosen on. Who wants more
//! answered needs a larger embedder or a model that reads.
//!
//! # Limits
//! Where the words of a question all stand in one piece, it is given for an answer also when it says something else of
//! them: "Who broke the violin?" is answered by a violin that nobody broke.

mod point;

use std::ops::Range;

pub use point::Point;

use crate::{
    journal::day::Day,
    search::{chunk, ground::Sources, vectors::dot, words},
};

/// Entries of a search that are looked at.
pub const MOST_ENTRIES: usize = 6;
/// Pieces that are compared with a question.
pub const MOST_PIECES: usize = 24;
/// Pieces an answer has at most.
const MOST: usize = 3;
/// A piece ends when it is this long, in characters, and is never made longer than [`LONGEST`] by another sentence.
const LONG_ENOUGH: usize = 90;
const LONGEST: usize = 240;
/// Cosine from which a piece answers, where its entry says [`SHARE`] of the question's weight in words.
const NEAR: f32 = 0.44;
const SHARE: f32 = 0.3;
/// The same for a piece that says [`SAID`] of the telling words itself, in an entry that says as much of their weight.
const NEARLY: f32 = 0.42;
const SAID: f32 = 0.5;
/// The same for one in other words.
const NEAR_ALONE: f32 = 0.56;
/// Share of the weight of a question's telling words that a piece has to cover.
const COVERED: f32 = 0.5;
/// The same of those that are no names.
const COVERED_BESIDE_NAMES: f32 = 0.9;
/// What saying the words counts beside nearness.
const WORDS_WEIGHT: f32 = 0.3;
/// A further piece is worth at least this part of the best.
const WORTH: f32 = 0.8;

/// An entry that a search found.
pub struct Found<'a> {
    /// Its day.
    pub day: Day,
    /// Its plain text.
    pub text: &'a str,
    /// The part of it that lies nearest to the question.
    pub nearest: Option<Range<usize>>,
    /// How much of the question's weight it says in words, 0 to 1.
    pub share: f32,
}

/// Some sentences of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Number of the entry.
    pub entry: usize,
    /// Where it stands in its plain text.
    pub range: Range<usize>,
}

/// A piece that answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Number of the piece.
    pub piece: usize,
    /// Only the order means something.
    pub worth: f32,
}

/// The pieces of entries that may answer, those around the nearest part of each first; at most [`MOST_PIECES`].
pub fn pieces(found: &[Found<'_>]) -> Vec<Piece> {
    let mut by_entry: Vec<std::vec::IntoIter<Piece>> = found
        .iter()
        .take(MOST_ENTRIES)
        .enumerate()
        .map(|(entry, found)| {
            let mut own: Vec<Piece> =
                runs(found.text).into_iter().map(|range| Piece { entry, range }).collect();
            let middle = found.nearest.as_ref().map_or(0, |nearest| nearest.start.midpoint(nearest.end));
            own.sort_by_key(|piece| piece.range.start.midpoint(piece.range.end).abs_diff(middle));
            own.into_iter()
        })
        .collect();
    // In turns, so that a long entry leaves room for the others.
    let mut pieces = Vec::new();
    while pieces.len() < MOST_PIECES {
        let before = pieces.len();
        pieces.extend(by_entry.iter_mut().filter_map(Iterator::next));
        if pieces.len() == before {
            break;
        }
    }
    pieces.truncate(MOST_PIECES);
    pieces
}

/// Runs of sentences, one beginning at each sentence.
fn runs(text: &str) -> Vec<Range<usize>> {
    let sentences = chunk::sentences(text);
    let length = |range: &Range<usize>| text[range.clone()].chars().count();
    (0..sentences.len())
        .map(|first| {
            let mut run = sentences[first].clone();
            for next in &sentences[first + 1..] {
                let longer = run.start..next.end;
                if length(&run) >= LONG_ENOUGH || length(&longer) > LONGEST {
                    break;
                }
                run = longer;
            }
            run
        })
        .collect()
}

/// How near the pieces lie, by the embedder.
pub struct Near {
    /// Cosine of the question and each piece.
    whole: Vec<f32>,
    /// The same for the question without each of the words of [`Point::without`].
    without: Vec<Vec<f32>>,
}

impl Near {
    /// Compares a question, what it is without some of its words, and pieces, by their vectors.
    pub fn new(question: &[f32], without: &[Vec<f32>], pieces: &[Vec<f32>]) -> Self {
        let without = without.iter().map(|question| nearness(question, pieces)).collect();
        Self { whole: nearness(question, pieces), without }
    }

    /// How much nearer a piece is by each of these words.
    fn lifts(&self, piece: usize) -> Vec<f32> {
        let lift = |without: &Vec<f32>| self.whole[piece] - without[piece];
        self.without.iter().map(lift).collect()
    }
}

/// The pieces that answer a question, the best first, none that overlaps another; none when nothing answers. `near` is
/// there where there is an embedder.
pub fn choose(
    question: &str,
    point: &Point,
    today: Day,
    found: &[Found<'_>],
    pieces: &[Piece],
    near: Option<&Near>,
) -> Vec<Answer> {
    let near = near.filter(|near| near.whole.len() == pieces.len());
    let sources: Vec<Sources> =
        found.iter().map(|found| Sources::dated(today, [(found.day, found.text)])).collect();
    let holds: Vec<bool> = sources.iter().map(|sources| sources.support(question)).collect();
    let mut answers: Vec<Answer> = Vec::new();
    for (piece, Piece { entry, range }) in pieces.iter().enumerate() {
        let (Some(found), Some(true)) = (found.get(*entry), holds.get(*entry)) else { continue };
        let text = &found.text[range.clone()];
        let lifts = near.map(|near| near.lifts(piece));
        let covered = point.covered(text, &sources[*entry], lifts.as_deref());
        let is_covered = covered.all >= COVERED && covered.beside_names >= COVERED_BESIDE_NAMES;
        if !point.may_be_in(text) || !is_covered {
            continue;
        }
        let said = Sources::new([text]).said(question);
        let answers_it = match near {
            Some(near) => {
                let near = near.whole[piece];
                near >= NEAR_ALONE
                    || (near >= NEAR && found.share >= SHARE)
                    || (near >= NEARLY && found.share >= SAID && said >= SAID)
            }
            None => said >= SAID && found.share >= SAID,
        };
        if answers_it {
            let near = near.map_or(0.0, |near| near.whole[piece]);
            answers.push(Answer { piece, worth: near + WORDS_WEIGHT * said });
        }
    }
    answers.sort_by(|left, right| right.worth.total_cmp(&left.worth));
    let least = answers.first().map_or(0.0, |best| best.worth * WORTH);
    let mut chosen: Vec<Answer> = Vec::new();
    for answer in answers.into_iter().filter(|answer| answer.worth >= least) {
        let overlaps = |other: &Answer| {
            let (one, other) = (&pieces[answer.piece], &pieces[other.piece]);
            one.entry == other.entry && one.range.start < other.range.end && other.range.start < one.range.end
        };
        if chosen.len() < MOST && !chosen.iter().any(overlaps) {
            chosen.push(answer);
        }
    }
    chosen
}

/// Whether what was typed is a question: by its mark, or by how it begins.
pub fn is_question(typed: &str) -> bool {
    let typed = typed.trim();
    let words = words::list(typed);
    let begins = words.first().is_some_and(|first| QUESTIONS.contains(&first.as_str()));
    !words.is_empty()
        && (typed.ends_with(['?', '\u{ff1f}', '\u{61f}', '\u{37e}']) || (begins && words.len() > 2))
}

/// Words that begin questions, folded.
#[rustfmt::skip]
const QUESTIONS: &[&str] = &[
    "chi", "combien", "comment", "cosa", "cual", "cuando", "cuanto", "cuantos", "did", "donde", "dove", "how", "ou",
    "perche", "pourquoi", "quale", "quand", "quando", "quanto", "quel", "quelle", "qui", "quien", "waar", "wann",
    "wanneer", "warum", "welche", "welcher", "welches", "wem", "wen", "wer", "what", "when", "where", "which", "who",
    "whom", "whose", "why", "wie", "wo", "woher", "wohin",
];

/// The cosine of a text and each of others.
pub fn nearness(question: &[f32], pieces: &[Vec<f32>]) -> Vec<f32> {
    pieces.iter().map(|piece| dot(question, piece)).collect()
}

#[cfg(test)]
mod tests;
