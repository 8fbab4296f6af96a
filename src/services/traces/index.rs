//! The list of all traces: filter, order, pages.

use std::{cmp::Ordering, sync::Arc};

use crate::{
    blocking,
    journal::trace,
    services::{
        Failure, Services,
        sessions::Session,
        traces::{
            alike::{self, Alike, Apart},
            meant,
            offer::frecency,
        },
    },
    vault::traces::{self, Trace},
};

/// Traces on one page of the list.
pub const ON_PAGE: usize = 200;

/// In which order they stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// Used most and latest first.
    #[default]
    Recent,
    /// By name.
    Name,
    /// Most entries first.
    Count,
    /// Latest use first.
    Last,
    /// Earliest first use first.
    First,
}

impl Order {
    /// All of them, with the word that names them in addresses.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Recent, "recent"),
        (Self::Name, "name"),
        (Self::Count, "count"),
        (Self::Last, "last"),
        (Self::First, "first"),
    ];

    /// The order of this word; the usual one for any other.
    pub fn named(word: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(order, _)| *order).unwrap_or_default()
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(order, _)| *order == self).map_or("recent", |(_, word)| word)
    }
}

/// One page of the list.
pub struct Index {
    /// The traces of this page.
    pub traces: Vec<Trace>,
    /// How many fit the filter.
    pub count: usize,
    /// How many there are.
    pub total: usize,
    /// This page, from 1.
    pub page: usize,
    /// Pages there are, at least 1.
    pub n_pages: usize,
    /// A few pairs that may be one; only on the first page, without a filter.
    pub alike: Vec<Alike>,
}

impl Services {
    /// One page of the traces whose name holds every word of `filter`, in any case; of emoji the short name counts.
    /// Those that are pinned come first, then names that begin so.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn trace_index(
        self: &Arc<Self>,
        session: &Session,
        filter: &str,
        order: Order,
        page: usize,
    ) -> Result<Index, Failure> {
        let (user, today) = (Arc::clone(&session.user), self.today(session));
        let words: Vec<String> =
            filter.split_whitespace().take(8).map(trace::folded).filter(|word| !word.is_empty()).collect();
        let services = Arc::clone(self);
        blocking::db(move || {
            let (all, apart) = user.vault.read(|r| Ok((traces::all(r)?, Apart::read(r)?)))?;
            let total = all.len();
            let is_plain = words.is_empty() && page <= 1;
            let alike = match is_plain {
                true => {
                    let meant = services.meant_alike(&user, &all);
                    let meant = user.vault.read(|r| meant::never_together(r, &all, meant))?;
                    alike::pairs(&all, &apart, &meant)
                }
                false => Vec::new(),
            };
            let mut fitting: Vec<Fitting> = all
                .into_iter()
                .filter_map(|found| {
                    let folded = trace::folded(&found.name);
                    let place = place_of(&words, &folded, &found.name)?;
                    let frecency = frecency(&found, today);
                    Some(Fitting { is_later: !words.is_empty() && place > 0, folded, frecency, found })
                })
                .collect();
            fitting.sort_unstable_by(|a, b| {
                let (one, other) = (&a.found, &b.found);
                let ordered = match order {
                    Order::Name => Ordering::Equal,
                    Order::Count => other.count.cmp(&one.count),
                    Order::Last => other.last.cmp(&one.last),
                    Order::First => one.first.cmp(&other.first),
                    Order::Recent => b.frecency.total_cmp(&a.frecency),
                };
                let grouped = (!one.is_pinned, a.is_later).cmp(&(!other.is_pinned, b.is_later));
                grouped
                    .then(ordered)
                    .then_with(|| a.folded.cmp(&b.folded))
                    .then_with(|| one.id.cmp(&other.id))
            });
            let count = fitting.len();
            let n_pages = count.div_ceil(ON_PAGE).max(1);
            let page = page.clamp(1, n_pages);
            let traces = fitting.into_iter().skip((page - 1) * ON_PAGE).take(ON_PAGE);
            Ok(Index {
                traces: traces.map(|fitting| fitting.found).collect(),
                count,
                total,
                page,
                n_pages,
                alike,
            })
        })
        .await?
    }
}

/// A trace that fits, with what it is sorted by.
struct Fitting {
    /// Its name holds the first word of the filter, but does not begin with it.
    is_later: bool,
    folded: String,
    frecency: f64,
    found: Trace,
}

/// Where the first word stands in a name that holds all of them; 0 without words.
fn place_of(words: &[String], folded: &str, name: &str) -> Option<usize> {
    let Some(first) = words.first() else { return Some(0) };
    if words.iter().all(|word| folded.contains(word.as_str())) {
        return folded.find(first.as_str());
    }
    let code = trace::shortcode(name)?;
    words.iter().all(|word| code.contains(word.as_str())).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_stand_in_the_name() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(place_of(&[], "lake", "lake"), Some(0));
        assert_eq!(place_of(&words("la"), "lake", "lake"), Some(0));
        assert_eq!(place_of(&words("garden night"), "night-garden", "night-garden"), Some(6));
        assert_eq!(place_of(&words("garden day"), "night-garden", "night-garden"), None);
        assert_eq!(place_of(&words("tada"), "\u{1f389}", "\u{1f389}"), Some(1));
    }

    #[test]
    fn orders_have_words() {
        for (order, word) in Order::ALL {
            assert_eq!((Order::named(word), order.word()), (order, word));
        }
        assert_eq!(Order::named("x"), Order::Recent);
    }
}
