//! Which traces are offered while a name is typed, and which first.

use std::sync::Arc;

use crate::{
    blocking,
    journal::{
        day::Day,
        ids::{EntryId, TraceId},
        trace::{self, NameError, TraceName, emoji},
    },
    services::{
        Failure, Services,
        labels::Labelled,
        sessions::Session,
        traces::{name_of, suggest::Taught},
    },
    vault::{
        entries,
        error::VaultError,
        traces::{self, Trace},
        transaction::Reader,
    },
};

/// Most names that are offered at a time.
const MOST: usize = 8;
/// Pinned ones that stand before what fits an entry.
const MOST_PINNED: usize = 4;
/// After so many days without use a trace weighs a third of what it did.
const FADES_IN_DAYS: f64 = 60.0;

/// What is offered for a text in the field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offer {
    /// Names, best first.
    pub names: Vec<Offered>,
    /// Why the text itself is no name; nothing for an empty one.
    pub error: Option<NameError>,
    /// A model can be asked for more, with [`Services::suggest_labels`].
    pub may_ask: bool,
}

/// One name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    /// As it is shown.
    pub name: String,
    /// Of an emoji its short name.
    pub shortcode: Option<String>,
    /// It fits the entry, and can be refused.
    pub is_suggested: bool,
    /// A model proposed it.
    pub is_by_model: bool,
    /// Its owner pinned it.
    pub is_pinned: bool,
}

impl Services {
    /// What to offer for `typed` in the field of an entry: known traces that begin so, then those of which a later word
    /// does, then emoji by their short name. For an empty text a few that are pinned, what fits the entry
    /// ([`Services::suggest_traces`]), what a model proposed if it was asked, and the traces that are used most and
    /// latest. Waits for no model.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn offer_traces(
        &self,
        session: &Session,
        entry: EntryId,
        typed: &str,
    ) -> Result<Offer, Failure> {
        let is_empty = typed.trim().is_empty();
        let suggested = if is_empty { self.suggest_traces(session, entry).await? } else { Vec::new() };
        let (user, today, typed) = (Arc::clone(&session.user), self.today(session), typed.to_owned());
        let found = blocking::db(move || user.vault.read(|r| entries::entry(r, entry))).await??;
        let labelled = match found.as_ref().filter(|_| is_empty) {
            Some(entry) => self.labelled(&session.user, entry).await?,
            None => Labelled::Never,
        };
        let may_ask = labelled == Labelled::NotYet;
        let carried = found.map(|entry| entry.traces).unwrap_or_default();
        let (user, of) = (Arc::clone(&session.user), carried.clone());
        let (all, suggested, by_model) = blocking::db(move || {
            user.vault.read(|r| {
                let by_model = match labelled {
                    Labelled::Proposed(labels) => free_names(r, &labels, &of)?,
                    Labelled::Never | Labelled::NotYet => Vec::new(),
                };
                Ok((traces::all(r)?, free_names(r, &suggested, &of)?, by_model))
            })
        })
        .await??;
        let error = if is_empty { None } else { name_of(&typed).err() };
        // Half of a short name in colons is on its way to be one.
        let error = error.filter(|error| *error != NameError::UnknownEmoji);
        // What a model proposed takes the place of nothing else.
        let is_same = |one: &str, other: &str| trace::folded(one) == trace::folded(other);
        let is_new = |name: &&String| !suggested.iter().any(|other| is_same(other, name));
        let most = MOST + by_model.iter().filter(is_new).count();
        let others = ranked(all, &carried, &typed, today);
        let pinned: Vec<Offered> =
            others.iter().filter(|one| is_empty && one.is_pinned).take(MOST_PINNED).cloned().collect();
        let suggested = suggested.into_iter().map(|name| Offered::fitting(name, false));
        let by_model = by_model.into_iter().map(|name| Offered::fitting(name, true));
        let mut names: Vec<Offered> = Vec::with_capacity(most);
        for one in pinned.into_iter().chain(suggested).chain(by_model).chain(others) {
            if names.len() < most && !names.iter().any(|other| is_same(&other.name, &one.name)) {
                names.push(one);
            }
        }
        Ok(Offer { names, error, may_ask })
    }
}

impl Offered {
    fn fitting(name: String, is_by_model: bool) -> Self {
        Self { is_suggested: true, is_by_model, ..Self::plain(name) }
    }

    fn plain(name: String) -> Self {
        let shortcode = trace::shortcode(&name);
        Self { shortcode, name, is_suggested: false, is_by_model: false, is_pinned: false }
    }
}

/// What may be attached of `labels`: names, spelt as the traces are that are called so already, without those that the
/// entry carries or its owner refused.
fn free_names(r: &Reader<'_>, labels: &[String], carried: &[TraceId]) -> Result<Vec<String>, VaultError> {
    let taught = Taught::read(r)?;
    let mut names = Vec::new();
    for name in labels.iter().filter_map(|label| TraceName::parse(label).ok()) {
        let known = traces::find(r, &name)?;
        let is_carried = known.as_ref().is_some_and(|known| carried.contains(&known.id));
        if !is_carried && !taught.is_unwanted(name.key()) {
            let name = known.map_or_else(|| name.as_str().to_owned(), |known| known.name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// The order of what is offered. Pure, so that it can be tested.
fn ranked(all: Vec<Trace>, carried: &[TraceId], typed: &str, today: Day) -> Vec<Offered> {
    let key = trace::folded(typed);
    let shortcode = typed.trim().strip_prefix(':').map(|code| code.trim_end_matches(':'));
    let fit = |found: &Trace| {
        let code = trace::shortcode(&found.name);
        let folded = trace::folded(&found.name);
        match shortcode {
            Some(code_typed) => code.filter(|code| code[1..].starts_with(code_typed)).map(|_| 0),
            None if folded.starts_with(&key) => Some(0),
            None if folded.split('-').any(|word| word.starts_with(&key)) => Some(1),
            None => code.filter(|code| code[1..].starts_with(&key)).map(|_| 1),
        }
    };
    let mut fitting: Vec<((u8, bool), f64, Trace)> = all
        .into_iter()
        .filter(|found| !carried.contains(&found.id))
        .filter_map(|found| Some(((fit(&found)?, !found.is_pinned), frecency(&found, today), found)))
        .collect();
    fitting.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then_with(|| a.2.name.cmp(&b.2.name)));
    let mut names: Vec<Offered> = fitting
        .into_iter()
        .take(MOST)
        .map(|(.., found)| Offered { is_pinned: found.is_pinned, ..Offered::plain(found.name) })
        .collect();
    if let Some(code) = shortcode.filter(|code| code.len() >= 2) {
        for (code, emoji) in emoji::starting_with(code, MOST) {
            if names.len() < MOST && names.iter().all(|one| one.name != emoji) {
                let shortcode = Some(format!(":{code}:"));
                names.push(Offered { shortcode, ..Offered::plain(emoji.to_owned()) });
            }
        }
    }
    names
}

/// How much a trace is on its owner's mind: often used, and lately.
pub(crate) fn frecency(found: &Trace, today: Day) -> f64 {
    let age = f64::from((today.number() - found.last.number()).max(0));
    f64::from(found.count) * (-age / FADES_IN_DAYS).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::trace::Kind;

    fn day(number: i32) -> Day {
        Day::from_number(number).unwrap()
    }

    fn known(number: u8, name: &str, count: u32, last: i32) -> Trace {
        Trace {
            id: TraceId::from_bytes([number; 16]),
            name: name.to_owned(),
            kind: Kind::Word,
            created: 0,
            count,
            first: day(0),
            last: day(last),
            is_pinned: false,
        }
    }

    #[test]
    fn the_beginning_of_a_name_counts_before_a_later_word_and_use_before_the_alphabet() {
        let all = vec![
            known(1, "garden", 2, 20_000),
            known(2, "night-garden", 90, 20_000),
            known(3, "Garlic", 9, 20_000),
            known(4, "\u{1f389}", 1, 20_000),
            known(5, "gar", 99, 20_000),
        ];
        let names = |typed: &str| -> Vec<String> {
            let ranked = ranked(all.clone(), &[TraceId::from_bytes([5; 16])], typed, day(20_000));
            ranked.into_iter().map(|one| one.name).collect()
        };
        assert_eq!(names("GAR"), ["Garlic", "garden", "night-garden"]);
        assert_eq!(names("")[0], "night-garden");
        assert_eq!(names(":tad"), ["\u{1f389}"]);
        assert_eq!(names("tad"), ["\u{1f389}"]);
        assert!(names("xyz").is_empty());
    }

    #[test]
    fn what_is_pinned_comes_before_what_is_used_as_far_as_it_fits_as_well() {
        let pinned = Trace { is_pinned: true, ..known(1, "garden", 1, 19_000) };
        let all = vec![known(2, "night-garden", 90, 20_000), known(3, "garlic", 9, 20_000), pinned];
        let names = |typed: &str| -> Vec<String> {
            let ranked = ranked(all.clone(), &[], typed, day(20_000));
            ranked.into_iter().map(|one| one.name).collect()
        };
        assert_eq!(names(""), ["garden", "night-garden", "garlic"]);
        assert_eq!(names("ga"), ["garden", "garlic", "night-garden"]);
        assert_eq!(names("night"), ["night-garden"]);
    }

    #[test]
    fn what_was_used_long_ago_fades() {
        let (old, new) = (known(1, "old", 10, 19_000), known(2, "new", 1, 20_000));
        assert!(frecency(&new, day(20_000)) > frecency(&old, day(20_000)));
        assert!(frecency(&old, day(19_000)) > frecency(&new, day(20_000)));
    }
}
