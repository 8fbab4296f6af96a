//! The order of what may be suggested for a text. Pure.
//!
//! What counts was weighed on one half of `tests/quality/traces.json` and measured on the other (`quality`).

use std::sync::Arc;

use crate::{
    journal::{
        day::Day,
        trace::{self, TraceName},
    },
    search::{
        mood,
        phrases::{self, Phrase},
        vectors::dot,
    },
    services::traces::{offer::frecency, suggest::taught::Taught},
    vault::traces::Trace,
};

/// Most that is suggested at a time, those aside that the entry carries by now.
pub(super) const MOST: usize = 5;
/// Kept of an order, so that some are left when its owner takes one.
const KEPT: usize = 2 * MOST;

/// How much each sign counts beside nearness to the text, which is between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// A new phrase less near than this is not suggested.
    pub least_phrase: f32,
    /// A known name less near than this is not suggested, unless it is said or nearby entries carry it.
    pub least_name: f32,
    /// A phrase that is a name.
    pub name: f32,
    /// Each time more that a phrase is said, twice at most.
    pub again: f32,
    /// Each word of a phrase behind the first, unless it is a name; taken off.
    pub longer: f32,
    /// A phrase at the end of a long text; taken off.
    pub late: f32,
    /// A name that is in use, before a new one.
    pub known: f32,
    /// The name that is used most and latest, the others as they are.
    pub used: f32,
    /// A known name that stands in the text.
    pub said: f32,
    /// A known name that the nearest entry carries.
    pub beside: f32,
    /// A mood that is as clear as it must be.
    pub mood: f32,
}

pub(super) const WEIGHTS: Weights = Weights {
    least_phrase: 0.15,
    least_name: 0.25,
    name: 0.15,
    again: 0.05,
    longer: 0.1,
    late: 0.1,
    known: 0.1,
    used: 0.1,
    said: 0.3,
    beside: 0.2,
    mood: 0.4,
};
/// Words of a text behind which nothing is later any more.
const LATE: f32 = 120.0;

/// What is known of the text and of its owner's names.
#[derive(Clone)]
pub(super) struct Looked {
    /// Plain.
    pub text: String,
    /// Keys of the traces it carries.
    pub carried: Vec<String>,
    /// Names that may fit, with how near the nearest entry that carries it is, 0 for none.
    pub known: Vec<(Trace, f32)>,
    pub taught: Taught,
}

/// The vectors of all that is compared.
pub(super) struct Vectors {
    /// Of the text.
    pub text: Vec<f32>,
    pub phrases: Vec<Vec<f32>>,
    pub known: Vec<Vec<f32>>,
    /// Of the sentences of the text, and of [`mood::sentences`].
    pub sentences: Vec<Vec<f32>>,
    pub moods: Arc<Vec<Vec<f32>>>,
}

impl Vectors {
    /// Takes apart the vectors of what `compared` named; nothing when there are too few.
    pub(super) fn new(
        mut all: Vec<Vec<f32>>,
        looked: &Looked,
        phrases: &[Phrase],
        moods: Arc<Vec<Vec<f32>>>,
    ) -> Option<Self> {
        if all.len() < 1 + phrases.len() + looked.known.len() {
            return None;
        }
        let sentences = all.split_off(1 + phrases.len() + looked.known.len());
        let known = all.split_off(1 + phrases.len());
        let phrases = all.split_off(1);
        Some(Self { text: all.pop()?, phrases, known, sentences, moods })
    }
}

struct Fitting<'a> {
    name: String,
    worth: f32,
    vector: &'a [f32],
}

/// The order of everything that could be suggested, without a repetition.
pub(super) fn ranked(
    looked: &Looked,
    phrases: &[Phrase],
    vectors: Option<&Vectors>,
    today: Day,
    by: &Weights,
) -> Vec<String> {
    let mut options = known(looked, vectors, today, by);
    for (idx, phrase) in phrases.iter().enumerate() {
        let near = vectors.map_or(0.0, |all| dot(&all.text, &all.phrases[idx]));
        let Ok(name) = TraceName::parse(&phrase.text) else { continue };
        let is_telling = match vectors {
            Some(_) => near >= by.least_phrase,
            None => phrase.count > 1 || phrase.is_name,
        };
        if !is_telling || options.iter().any(|known| trace::folded(&known.name) == name.key()) {
            continue;
        }
        let again = (phrase.count - 1).min(2) as f32;
        let longer = if phrase.is_name { 0.0 } else { (phrase.n_words - 1) as f32 };
        let late = (phrase.place as f32 / LATE).min(1.0);
        let worth = near + if phrase.is_name { by.name } else { 0.0 } + by.again * again
            - by.longer * longer
            - by.late * late
            + looked.taught.weight(name.key());
        let vector = vectors.map_or(&[][..], |all| all.phrases[idx].as_slice());
        options.push(Fitting { name: name.as_str().to_owned(), worth, vector });
    }
    let Some(vectors) = vectors else {
        options.sort_by(|one, other| other.worth.total_cmp(&one.worth));
        return apart(options.into_iter().map(|option| option.name));
    };
    if let Some((emoji, near)) = mood::of(vectors.sentences.iter().map(Vec::as_slice), &vectors.moods) {
        let worth = by.mood + near - mood::NEAR + looked.taught.weight(&trace::folded(emoji));
        options.retain(|option| trace::folded(&option.name) != trace::folded(emoji));
        options.push(Fitting { name: emoji.to_owned(), worth, vector: &vectors.sentences[0] });
    }
    let worths: Vec<(f32, &[f32])> = options.iter().map(|option| (option.worth, option.vector)).collect();
    apart(phrases::choose(&worths, KEPT + MOST).into_iter().map(|idx| options[idx].name.clone()))
}

/// The names that are in use already and may fit.
fn known<'a>(looked: &Looked, vectors: Option<&'a Vectors>, today: Day, by: &Weights) -> Vec<Fitting<'a>> {
    let said = said(&looked.text);
    let most = looked.known.iter().map(|(known, _)| frecency(known, today)).fold(1.0, f64::max);
    let fitting = looked.known.iter().enumerate().filter_map(|(idx, (known, beside))| {
        let key = trace::folded(&known.name);
        let is_said = said.contains(&format!("-{key}-"));
        let vector = vectors.map_or(&[][..], |all| all.known[idx].as_slice());
        let near = vectors.map_or(0.0, |all| dot(&all.text, vector));
        if vectors.is_some() && !is_said && near < by.least_name && *beside <= 0.0 {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
        let use_share = (frecency(known, today) / most) as f32;
        let worth = near + by.known + by.used * use_share + by.beside * beside;
        let worth = worth + if is_said { by.said } else { 0.0 } + looked.taught.weight(&key);
        Some(Fitting { name: known.name.clone(), worth, vector })
    });
    fitting.collect()
}

/// The text as a row of folded words with a hyphen on both sides of each.
pub(super) fn said(text: &str) -> String {
    let words = text.replace(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}', " ");
    let mut said = format!("-{}-", trace::folded(&words));
    // Where no space stands between words, each character may begin one.
    let alone: Vec<char> = text.chars().filter(|c| ('\u{3041}'..='\u{9fff}').contains(c)).collect();
    for n in 1..=4 {
        alone.windows(n).for_each(|run| said.extend(run.iter().chain(&['-'])));
    }
    said
}

/// Leaves out what says less or more of a name before it.
fn apart(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if kept.len() < KEPT && !kept.iter().any(|other| phrases::overlaps(other, &name)) {
            kept.push(name);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{ids::TraceId, trace::Kind};

    fn day() -> Day {
        Day::from_number(20_000).unwrap()
    }

    fn known(number: u8, name: &str, count: u32) -> (Trace, f32) {
        let trace = Trace {
            id: TraceId::from_bytes([number; 16]),
            name: name.to_owned(),
            kind: Kind::Word,
            created: 0,
            count,
            first: day(),
            last: day(),
            is_pinned: false,
        };
        (trace, 0.0)
    }

    fn looked(text: &str) -> Looked {
        Looked {
            text: text.to_owned(),
            carried: Vec::new(),
            known: vec![known(1, "garden", 9), known(2, "Lake", 2), known(3, "night-train", 1)],
            taught: Taught::default(),
        }
    }

    fn vectors(text: [f32; 2], phrases: Vec<[f32; 2]>, known: Vec<[f32; 2]>) -> Vectors {
        let all = |some: Vec<[f32; 2]>| some.into_iter().map(Vec::from).collect();
        let (phrases, known) = (all(phrases), all(known));
        Vectors { text: text.into(), phrases, known, sentences: Vec::new(), moods: Arc::default() }
    }

    #[test]
    fn without_meanings_what_is_said_comes_first_then_what_is_used() {
        let looked = looked("The lake, the cold lake. The cold lake under pines!");
        let phrases = phrases::candidates(&looked.text, 24);
        let names = ranked(&looked, &phrases, None, day(), &WEIGHTS);
        assert_eq!(names[..2], ["Lake", "garden"]);
        assert!(names.contains(&"cold".to_owned()) && !names.contains(&"cold-lake".to_owned()), "{names:?}");
        assert!(!names.contains(&"pines".to_owned()), "said once");
    }

    #[test]
    fn a_name_is_suggested_as_its_writer_spells_it_and_one_in_use_as_it_is() {
        let looked = looked("We met Jonas at the Lake and Jonas rowed.");
        let phrases = phrases::candidates(&looked.text, 24);
        let names = ranked(&looked, &phrases, None, day(), &WEIGHTS);
        assert!(names.contains(&"Jonas".to_owned()) && names.contains(&"Lake".to_owned()), "{names:?}");
        let mut other = looked;
        other.text = "We met JONAS at the lake house and the LAKE was cold.".to_owned();
        other.known.push(known(4, "jonas", 3));
        let phrases = phrases::candidates(&other.text, 24);
        let names = ranked(&other, &phrases, None, day(), &WEIGHTS);
        assert_eq!(names.iter().filter(|name| name.to_lowercase() == "jonas").collect::<Vec<_>>(), ["jonas"]);
        assert!(!names.contains(&"LAKE".to_owned()), "{names:?}");
    }

    #[test]
    fn with_meanings_what_is_far_is_not_suggested_and_refusing_moves_down() {
        let mut looked = looked("Planted beans.");
        let phrases = phrases::candidates(&looked.text, 24);
        let near: Vec<[f32; 2]> = phrases
            .iter()
            .map(|phrase| if phrase.text == "planted" { [0.0, 1.0] } else { [0.95, 0.3] })
            .collect();
        let all = vectors([1.0, 0.0], near, vec![[0.95, 0.3], [0.1, 0.99], [0.0, 1.0]]);
        let order = |looked: &Looked| ranked(looked, &phrases, Some(&all), day(), &WEIGHTS);
        assert_eq!(order(&looked)[0], "garden");
        assert!(["Lake", "planted"].iter().all(|far| !order(&looked).contains(&(*far).to_owned())));
        looked.known[1].1 = 0.9;
        assert!(order(&looked).contains(&"Lake".to_owned()), "the nearest entry carries it");
        for _ in 0..9 {
            looked.taught.note("garden", false);
        }
        assert_ne!(order(&looked)[0], "garden");
    }

    #[test]
    fn names_are_found_in_every_script() {
        let said = |text: &str, name: &str| said(text).contains(&format!("-{}-", trace::folded(name)));
        assert!(
            said("Hiked to the Caf\u{e9} again.", "caf\u{e9}") && said("The night train left", "night-train")
        );
        assert!(said(
            "\u{671d}\u{3001}\u{5ddd}\u{307e}\u{3067}\u{6563}\u{6b69}\u{3057}\u{305f}",
            "\u{6563}\u{6b69}"
        ));
        assert!(!said("gardens", "garden") && !said("Lakeside", "lake"));
    }
}
