//! What a text claims besides its words: numbers, dates, and days told from today.

use crate::{
    journal::day::Day,
    search::{
        ground::{numbers, tables},
        lexical::Language,
        words,
    },
};

/// A word of a text.
pub(super) struct Word<'a> {
    pub(super) folded: String,
    pub(super) written: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Nothing but signs stands before it in its sentence.
    is_first: bool,
    /// A title stands before it, as in "Mrs Lee": it is a name.
    pub(super) is_titled: bool,
}

impl Word<'_> {
    /// Whether it is written large because a sentence begins.
    pub(super) fn begins(&self) -> bool {
        self.is_first && !self.is_titled
    }
}

/// Some words that stand for one thing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) what: What,
    /// Number of its first word.
    pub(super) first: usize,
    /// How many words it has.
    n_words: usize,
}

impl Claim {
    /// Whether it names a day or another stretch of time.
    pub(super) fn is_day(&self) -> bool {
        matches!(self.what, What::Dated { .. } | What::Weekday(_) | What::Ago(_))
    }

    /// As it stands in its text.
    pub(super) fn written<'a>(&self, text: &'a str, words: &[Word<'_>]) -> &'a str {
        &text[words[self.first].start..words[self.first + self.n_words - 1].end]
    }
}

/// What words stand for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Numbers, as digits with a point; of a time of day the hour alone as well.
    Number { values: Vec<String>, hour: Option<String> },
    /// A day of a month.
    Dated { month: u8, day: String, year: Option<String> },
    /// A month, from 1.
    Month(u8),
    /// A day of the week, from Monday, which is 1.
    Weekday(u8),
    /// A season, from spring, which is 1.
    Season(u8),
    /// A day, week, month or year told from today.
    Ago(Ago),
    /// Anything else.
    Word,
}

/// Unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// So many units before today; less than 0 is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ago {
    unit: Unit,
    back: i32,
}

impl Ago {
    fn said(unit: Unit, back: i32) -> Self {
        Self { unit, back }
    }

    /// The day it names, told from another.
    pub(super) fn day_before(self, day: Day) -> Option<Day> {
        (self.unit == Unit::Day).then(|| Day::from_number(day.number().checked_sub(self.back)?)).flatten()
    }

    /// Whether it fits a day when it is said today; a week, month or year is that of the calendar or about so long ago.
    pub(super) fn is(self, day: Day, today: Day) -> bool {
        let days = today.number() - day.number();
        let about = |length: i32, slack: i32| (days - length * self.back).abs() <= slack;
        match self.unit {
            Unit::Day => days == self.back,
            Unit::Week => {
                // Day 0 of the count may be any day of the week, so Mondays are counted from the day's own.
                let week = |day: Day| {
                    (day.number() - i32::try_from(day.days_after_monday()).unwrap_or(0)).div_euclid(7)
                };
                week(today) - week(day) == self.back || about(7, 1)
            }
            Unit::Month => {
                let month = |day: Day| i32::from(day.year()) * 12 + i32::from(day.month());
                month(today) - month(day) == self.back || about(30, 5)
            }
            Unit::Year => i32::from(today.year()) - i32::from(day.year()) == self.back || about(365, 20),
        }
    }
}

/// The words of a text.
pub(super) fn words_of(text: &str) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    words::for_each(text, |folded, range| {
        let last = found.last();
        let gap = &text[last.map_or(0, |last| last.end)..range.start];
        let is_titled = last.is_some_and(|last| {
            tables::TITLES.contains(&last.folded.as_str()) && matches!(gap, " " | ". " | "." | "\u{a0}")
        });
        let is_first = last.is_none()
            || gap.contains([
                '.', '!', '?', '\n', '\u{2026}', '\u{3002}', '\u{201c}', '"', ':', '\u{ab}', '\u{201e}',
                '\u{bf}', '\u{a1}',
            ]);
        let (start, end) = (range.start, range.end);
        found.push(Word {
            folded: folded.to_owned(),
            written: &text[range],
            start,
            end,
            is_first,
            is_titled,
        });
    });
    found
}

/// What the words claim, in order; each word belongs to one claim.
pub(super) fn claims(text: &str, words: &[Word<'_>]) -> Vec<Claim> {
    let is_french =
        Language::surely_of(words.iter().map(|word| word.folded.as_str())) == Some(Language::FRENCH);
    let reader = Reader { text, words, is_french };
    let mut claims = Vec::new();
    let mut first = 0;
    while first < words.len() {
        let (what, n_words) = reader.at(first);
        claims.push(Claim { what, first, n_words });
        first += n_words;
    }
    claims
}

struct Reader<'a> {
    text: &'a str,
    words: &'a [Word<'a>],
    is_french: bool,
}

impl Reader<'_> {
    fn at(&self, at: usize) -> (What, usize) {
        self.ago(at)
            .map(|(ago, n_words)| (What::Ago(ago), n_words))
            .or_else(|| self.dated(at))
            .or_else(|| self.number(at))
            .or_else(|| self.month(at).map(|month| (What::Month(month), 1)))
            .or_else(|| self.weekday(at).map(|weekday| (What::Weekday(weekday), 1)))
            .or_else(|| of_table(tables::SEASONS, self.folded(at)).map(|season| (What::Season(season), 1)))
            .unwrap_or((What::Word, 1))
    }

    /// A word, folded; nothing behind the last.
    fn folded(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.folded.as_str())
    }

    fn number(&self, at: usize) -> Option<(What, usize)> {
        let (number, n_words) = numbers::at(self.text, self.words, at)?;
        Some((What::Number { values: number.values, hour: number.hour }, n_words))
    }

    /// A number that may be a day of a month, as digits.
    fn day(&self, at: usize) -> Option<String> {
        let (number, n_words) = numbers::at(self.text, self.words, at)?;
        let [value] = &number.values[..] else { return None };
        let fits = n_words == 1 && value.parse().is_ok_and(|value: u8| (1..=31).contains(&value));
        fits.then(|| value.clone())
    }

    fn year(&self, at: usize) -> Option<String> {
        let folded = self.folded(at);
        (folded.len() == 4 && folded.bytes().all(|digit| digit.is_ascii_digit())).then(|| folded.to_owned())
    }

    /// `9 June`, `9th of June 2024`, `June 9`, `9. Juni`, `9 de junio`, `2024-06-09`, `9.6.2024`.
    fn dated(&self, at: usize) -> Option<(What, usize)> {
        if let Some((month, day, year)) = numbers::date(self.text, self.words, at) {
            return Some((What::Dated { month, day, year: Some(year) }, 3));
        }
        let (month, day, n_words) = if let Some(day) = self.day(at) {
            let is_linked = ["of", "de", "di", "d"].contains(&self.folded(at + 1));
            let month_at = at + 1 + usize::from(is_linked);
            (self.named_month(month_at)?, day, month_at + 1 - at)
        } else {
            let month = self.named_month(at)?;
            let has_article = self.folded(at + 1) == "the";
            let day_at = at + 1 + usize::from(has_article);
            (month, self.day(day_at)?, day_at + 1 - at)
        };
        let has_link = ["de", "del"].contains(&self.folded(at + n_words));
        let year_at = at + n_words + usize::from(has_link);
        let year = self.year(year_at);
        let n_words = if year.is_some() { year_at + 1 - at } else { n_words };
        Some((What::Dated { month, day, year }, n_words))
    }

    /// The month a word names, also in short.
    fn named_month(&self, at: usize) -> Option<u8> {
        of_table(tables::MONTHS, self.folded(at)).or_else(|| of_table(tables::SHORT_MONTHS, self.folded(at)))
    }

    /// The month a word names where no number stands beside it.
    fn month(&self, at: usize) -> Option<u8> {
        let word = &self.words[at];
        let is_verb =
            matches!(word.folded.as_str(), "may" | "march") && word.written.starts_with(char::is_lowercase);
        if is_verb { None } else { of_table(tables::MONTHS, &word.folded) }
    }

    fn weekday(&self, at: usize) -> Option<u8> {
        let folded = self.folded(at);
        of_table(tables::WEEKDAYS, folded).or_else(|| of_table(tables::WEEKDAYS, folded.strip_suffix('s')?))
    }

    fn unit(&self, at: usize) -> Option<Unit> {
        tables::UNITS.iter().find(|(_, names)| names.contains(&self.folded(at))).map(|(unit, _)| *unit)
    }

    /// How many units, and in how many words: `three`, `3`, `a`.
    fn count(&self, at: usize) -> Option<(i32, usize)> {
        if ["a", "one", "ein", "einem", "einer", "einen", "un", "une", "una", "uno", "een"]
            .contains(&self.folded(at))
        {
            return Some((1, 1));
        }
        let (number, n_words) = numbers::at(self.text, self.words, at)?;
        let [value] = &number.values[..] else { return None };
        Some((value.parse().ok().filter(|count| (0..=10_000).contains(count))?, n_words))
    }

    fn ago(&self, at: usize) -> Option<(Ago, usize)> {
        let folded = self.folded(at);
        let is = |beyond: usize, word: &str| self.folded(at + beyond) == word;
        if folded == "hier" && self.is_french {
            return Some((Ago::said(Unit::Day, 1), 1));
        }
        if folded == "avant" && is(1, "hier") {
            return Some((Ago::said(Unit::Day, 2), 2));
        }
        if folded == "day" && is(1, "before") && is(2, "yesterday") {
            return Some((Ago::said(Unit::Day, 2), 3));
        }
        if folded == "day" && is(1, "after") && is(2, "tomorrow") {
            return Some((Ago::said(Unit::Day, -2), 3));
        }
        if let Some((back, _)) = tables::RELATIVE.iter().find(|(_, names)| names.contains(&folded)) {
            return Some((Ago::said(Unit::Day, *back), 1));
        }
        // "last week", "semaine prochaine"
        let is_night = |at: usize| ["night", "nacht", "nuit", "noche", "notte"].contains(&self.folded(at));
        let beside = |word: &str| {
            tables::BESIDE.iter().find(|(_, names)| names.contains(&word)).map(|(back, _)| *back)
        };
        let (unit_at, beside) = match beside(folded) {
            Some(back) => (at + 1, Some(back)),
            None => (at, beside(self.folded(at + 1))),
        };
        if let Some(back) = beside {
            if is_night(unit_at) {
                return Some((Ago::said(Unit::Day, back), 2));
            }
            if let Some(unit) = self.unit(unit_at) {
                return Some((Ago::said(unit, back), 2));
            }
        }
        // "vor drei Tagen", "hace tres d\u{ed}as", "il y a trois jours"; "three days ago", "tre giorni fa"
        let n_before = match folded {
            "vor" | "hace" => 1,
            "il" if is(1, "y") && is(2, "a") => 3,
            _ => 0,
        };
        let (count, n_words) = self.count(at + n_before)?;
        let unit = self.unit(at + n_before + n_words)?;
        let n_words = n_before + n_words + 1;
        let is_told = n_before > 0 || ["ago", "fa", "geleden"].contains(&self.folded(at + n_words));
        let ago = Ago::said(unit, count);
        is_told.then_some((ago, n_words + usize::from(n_before == 0)))
    }
}

/// The place of a name in a table, from 1.
fn of_table(table: &[&[&str]], folded: &str) -> Option<u8> {
    table.iter().position(|names| names.contains(&folded)).and_then(|idx| u8::try_from(idx + 1).ok())
}
