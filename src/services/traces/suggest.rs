//! Traces that fit an entry, without a model: its own phrases and its owner's traces, by meaning, by use, and by what
//! the owner took and refused before.
//!
//! With an embedder, phrases and names are compared with the text ([`crate::search::phrases`]); without one, names that
//! stand in the text come first, then what is used most, then phrases that are repeated. What was taken or refused is
//! kept sealed in the setting `traces.taught` and moves only the order, for its owner alone. What was found for an
//! entry by meaning stays in memory until lock.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::Role,
        ids::EntryId,
        trace::{self, TraceName},
    },
    search::{
        embed::EmbedState,
        phrases::{self, Phrase},
        plain::plain,
        vectors::dot,
    },
    services::{
        Failure, Services,
        sessions::{Session, User, guard},
        traces::{name_of, offer::frecency},
    },
    vault::{
        entries,
        error::VaultError,
        settings,
        traces::{self, Trace},
        transaction::{Reader, Writer},
    },
};

/// Most that is suggested at a time.
const MOST: usize = 5;
/// Phrases and names that are compared with the text.
const PHRASES: usize = 24;
const NAMES: usize = 40;
/// Characters of the text that are compared.
const MOST_CHARS: usize = 1_200;
/// How near a phrase, and a name, must be to the text.
const NEAR_PHRASE: f32 = 0.35;
const NEAR_NAME: f32 = 0.28;
/// What a name has before a new phrase, and a name that stands in the text before one that does not.
const KNOWN: f32 = 0.1;
const SAID: f32 = 0.3;
/// How much what was taken or refused counts.
const TAUGHT: f32 = 0.12;
/// How long the embedder may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The setting, and how many names it remembers.
const SETTING: &str = "traces.taught";
const MOST_TAUGHT: usize = 500;
/// Entries whose suggestions stay in memory.
const MOST_KEPT: usize = 200;

/// What was found for entries, until lock.
#[derive(Default)]
pub(crate) struct Suggested(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Goes up when what was found is forgotten: what was looked up before is not kept after it.
    forgotten: u64,
    /// By entry and revision.
    names: HashMap<(EntryId, u32), Vec<String>>,
}

/// What its owner took and refused, by the key of the name.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Taught(Vec<(String, u16, u16)>);

/// What is compared.
struct Looked {
    revision: u32,
    text: String,
    carried: Vec<String>,
    known: Vec<Trace>,
    taught: Taught,
}

impl Services {
    /// Names that fit an entry of the writer's, best first; none for a reply, or when there is no such entry.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn suggest_traces(&self, session: &Session, entry: EntryId) -> Result<Vec<String>, Failure> {
        let (user, today) = (Arc::clone(&session.user), self.today(session));
        let keep = Arc::clone(&user);
        let forgotten = guard(&user.suggested.0).forgotten;
        let Some(looked) = blocking::db(move || keep.vault.read(|r| look(r, entry, today))).await?? else {
            return Ok(Vec::new());
        };
        let place = (entry, looked.revision);
        let kept = guard(&user.suggested.0).names.get(&place).cloned();
        let found = match kept {
            Some(found) => found,
            None => {
                let (found, by_meaning) = self.names_for(&looked, today).await;
                let mut kept = guard(&user.suggested.0);
                // Without an embedder there is more to find once it is there.
                if by_meaning && kept.forgotten == forgotten {
                    if kept.names.len() >= MOST_KEPT {
                        kept.names.clear();
                    }
                    kept.names.insert(place, found.clone());
                }
                found
            }
        };
        let is_free = |name: &String| {
            let key = trace::folded(name);
            looked.carried.iter().all(|carried| *carried != key) && !looked.taught.is_unwanted(&key)
        };
        Ok(found.into_iter().filter(is_free).take(MOST).collect())
    }

    /// Notes that its owner does not want a name suggested. It comes back when it is attached all the same.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn refuse_trace(&self, session: &Session, typed: &str) -> Result<(), Failure> {
        let Ok(name) = name_of(typed) else { return Ok(()) };
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.write(|w| teach(w, &name, false))).await??;
        self.wrote();
        Ok(())
    }

    /// Names in their order, and whether their meaning was compared.
    async fn names_for(&self, looked: &Looked, today: Day) -> (Vec<String>, bool) {
        let phrases = phrases::candidates(&looked.text, PHRASES);
        let vectors = self.phrase_vectors(looked, &phrases).await;
        (ranked(looked, &phrases, vectors.as_deref(), today), vectors.is_some())
    }

    /// The vectors of the text, of its phrases and of the known names, in that order; nothing without an embedder, or
    /// when it takes too long.
    async fn phrase_vectors(&self, looked: &Looked, phrases: &[Phrase]) -> Option<Vec<Vec<f32>>> {
        if !matches!(self.embed.state(), EmbedState::Ready(_)) {
            return None;
        }
        let text = looked.text.chars().take(MOST_CHARS).collect();
        let mut texts: Vec<String> = vec![text];
        texts.extend(phrases.iter().map(|phrase| phrase.text.clone()));
        texts.extend(looked.known.iter().map(spoken));
        match tokio::time::timeout(PATIENCE, self.embed.embed(texts)).await {
            Ok(Ok(vectors)) => Some(vectors),
            Ok(Err(error)) => {
                tracing::warn!(%error, "traces are suggested without their meaning");
                None
            }
            Err(_) => None,
        }
    }
}

/// Notes that a name was attached: one that was suggested, or refused before.
pub(super) fn note_taken(w: &mut Writer<'_>, name: &TraceName, is_suggested: bool) -> Result<(), VaultError> {
    let is_known = Taught::read(w)?.0.iter().any(|(key, ..)| key == name.key());
    if is_suggested || is_known { teach(w, name, true) } else { Ok(()) }
}

fn teach(w: &mut Writer<'_>, name: &TraceName, is_taken: bool) -> Result<(), VaultError> {
    let mut taught = Taught::read(w)?;
    taught.note(name.key(), is_taken);
    settings::put(w, SETTING, &taught.to_bytes())
}

/// A name as it is said: words, and of an emoji its short name.
fn spoken(known: &Trace) -> String {
    let name = trace::shortcode(&known.name).unwrap_or_else(|| known.name.clone());
    name.replace(['-', '_', ':'], " ").trim().to_owned()
}

fn look(r: &Reader<'_>, id: EntryId, today: Day) -> Result<Option<Looked>, VaultError> {
    let entry = entries::entry(r, id)?;
    let Some(entry) = entry.filter(|entry| entry.role == Role::Writer && entry.deleted.is_none()) else {
        return Ok(None);
    };
    let carried = traces::names(r, &entry.traces)?.iter().map(|(_, name, _)| trace::folded(name)).collect();
    let mut known = traces::all(r)?;
    known.sort_by(|a, b| frecency(b, today).total_cmp(&frecency(a, today)));
    known.truncate(NAMES);
    let (revision, text) = (entry.revision, plain(&entry.text));
    Ok(Some(Looked { revision, text, carried, known, taught: Taught::read(r)? }))
}

/// The order of everything that could be suggested. Pure.
fn ranked(looked: &Looked, phrases: &[Phrase], vectors: Option<&[Vec<f32>]>, today: Day) -> Vec<String> {
    let said = format!("-{}-", trace::folded(&looked.text.replace(|c: char| !c.is_alphanumeric(), " ")));
    let most = looked.known.iter().map(|known| frecency(known, today)).fold(1.0, f64::max);
    let none: &[f32] = &[];
    let vector = |idx: usize| vectors.and_then(|all| all.get(idx)).map_or(none, Vec::as_slice);
    let nearness = |idx: usize| if vectors.is_some() { dot(vector(0), vector(idx)) } else { 0.0 };
    let mut names: Vec<(String, f32, usize)> = Vec::new();
    for (idx, known) in (1 + phrases.len()..).zip(&looked.known) {
        let key = trace::folded(&known.name);
        let is_said = said.contains(&format!("-{key}-"));
        let near = nearness(idx);
        if is_said || vectors.is_none() || near >= NEAR_NAME {
            #[allow(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
            let use_share = (frecency(known, today) / most) as f32;
            let worth = near + KNOWN * (1.0 + use_share) + if is_said { SAID } else { 0.0 };
            names.push((known.name.clone(), worth + looked.taught.weight(&key), idx));
        }
    }
    for (idx, phrase) in (1..).zip(phrases) {
        let near = nearness(idx);
        let is_telling = if vectors.is_some() { near >= NEAR_PHRASE } else { phrase.count > 1 };
        let Ok(name) = TraceName::parse(&phrase.text) else { continue };
        let is_known = names.iter().any(|(known, ..)| trace::folded(known) == name.key());
        if is_telling && !is_known {
            names.push((name.as_str().to_owned(), near + looked.taught.weight(name.key()), idx));
        }
    }
    if vectors.is_none() {
        names.sort_by(|one, other| other.1.total_cmp(&one.1));
        return names.into_iter().map(|(name, ..)| name).collect();
    }
    let options: Vec<(f32, &[f32])> = names.iter().map(|(_, worth, idx)| (*worth, vector(*idx))).collect();
    phrases::choose(&options, 2 * MOST).into_iter().map(|idx| names[idx].0.clone()).collect()
}

impl Taught {
    /// What was taught in this journal.
    ///
    /// # Errors
    /// Store errors.
    pub(super) fn read(r: &Reader<'_>) -> Result<Self, VaultError> {
        match settings::get(r, SETTING) {
            // It moves an order and no more.
            Err(error) if error.is_of_one_record() => Ok(Self::default()),
            found => Ok(found?.map_or_else(Self::default, |bytes| Self::from_bytes(&bytes))),
        }
    }

    /// Whether it was refused more often than taken.
    pub(super) fn is_unwanted(&self, key: &str) -> bool {
        self.0.iter().any(|(known, taken, refused)| known == key && refused > taken)
    }

    /// What taking and refusing adds to the worth of a name.
    fn weight(&self, key: &str) -> f32 {
        let found = self.0.iter().find(|(known, ..)| known == key);
        found.map_or(0.0, |(_, taken, refused)| {
            TAUGHT * ((1.0 + f32::from(*taken)) / (1.0 + f32::from(*refused))).ln()
        })
    }

    /// Counts once more; the name moves to the front, and the last one is forgotten when there are too many.
    fn note(&mut self, key: &str, is_taken: bool) {
        let found = self.0.iter().position(|(known, ..)| known == key);
        let (_, mut taken, mut refused) = found.map_or((String::new(), 0, 0), |idx| self.0.remove(idx));
        let count = if is_taken { &mut taken } else { &mut refused };
        *count = count.saturating_add(1);
        self.0.insert(0, (key.to_owned(), taken, refused));
        self.0.truncate(MOST_TAUGHT);
    }

    /// A line a name: taken, refused, key. A key holds no line end.
    fn to_bytes(&self) -> Vec<u8> {
        let line = |(key, taken, refused): &(String, u16, u16)| format!("{taken} {refused} {key}\n");
        self.0.iter().map(line).collect::<String>().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let line = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (taken, refused) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some((parts.next()?.to_owned(), taken, refused))
        };
        Self(text.lines().filter_map(line).collect())
    }
}

impl User {
    /// Forgets suggestions, as after the traces of the journal changed.
    pub(crate) fn forget_suggested(&self) {
        let mut kept = guard(&self.suggested.0);
        kept.forgotten += 1;
        kept.names.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{ids::TraceId, trace::Kind};

    fn known(number: u8, name: &str, count: u32) -> Trace {
        let day = Day::from_number(20_000).unwrap();
        let id = TraceId::from_bytes([number; 16]);
        Trace {
            id,
            name: name.to_owned(),
            kind: Kind::Word,
            created: 0,
            count,
            first: day,
            last: day,
            is_pinned: false,
        }
    }

    fn looked(text: &str) -> Looked {
        Looked {
            revision: 1,
            text: text.to_owned(),
            carried: Vec::new(),
            known: vec![known(1, "garden", 9), known(2, "Lake", 2), known(3, "night-train", 1)],
            taught: Taught::default(),
        }
    }

    #[test]
    fn without_meanings_what_is_said_comes_first_then_what_is_used() {
        let looked = looked("The lake again, the cold lake. The cold lake!");
        let phrases = phrases::candidates(&looked.text, PHRASES);
        let names = ranked(&looked, &phrases, None, Day::from_number(20_000).unwrap());
        assert_eq!(names[..2], ["Lake", "garden"]);
        assert!(names.contains(&"cold-lake".to_owned()));
        assert!(!names.contains(&"again".to_owned()), "said once");
    }

    #[test]
    fn with_meanings_what_is_far_is_not_suggested_and_refusing_moves_down() {
        let mut looked = looked("Planted beans.");
        let phrases = phrases::candidates(&looked.text, PHRASES);
        assert_eq!(phrases[0].text, "planted beans");
        // The text, "planted beans", "planted", "beans", then garden, Lake, night-train.
        let vectors: Vec<Vec<f32>> =
            [[1.0, 0.0], [0.9, 0.43], [0.0, 1.0], [0.6, 0.8], [0.95, 0.3], [0.1, 0.99], [0.0, 1.0]]
                .map(Vec::from)
                .into();
        let order =
            |looked: &Looked| ranked(looked, &phrases, Some(&vectors), Day::from_number(20_000).unwrap());
        assert_eq!(order(&looked)[0], "garden");
        assert!(
            !order(&looked).contains(&"Lake".to_owned()) && !order(&looked).contains(&"planted".to_owned())
        );
        for _ in 0..9 {
            looked.taught.note("garden", false);
        }
        assert_ne!(order(&looked)[0], "garden");
    }

    #[test]
    fn what_was_taught_is_kept_in_order_and_bounded() {
        let mut taught = Taught::default();
        for n in 0..MOST_TAUGHT + 3 {
            taught.note(&format!("name {n}"), n % 2 == 0);
        }
        taught.note("name 5", true);
        assert_eq!((taught.0.len(), taught.0[0].clone()), (MOST_TAUGHT, ("name 5".to_owned(), 1, 1)));
        assert_eq!(Taught::from_bytes(&taught.to_bytes()), taught);
        assert!(!taught.is_unwanted("name 5") && taught.is_unwanted("name 7"));
        assert!(taught.weight("name 6") > 0.0 && taught.weight("name 7") < 0.0 && taught.weight("x") == 0.0);
        assert_eq!(Taught::from_bytes(b"\xff nonsense"), Taught::default());
    }
}
