//! What a search is narrowed to besides its words: days, traces, and who wrote. Pure: no clock; today and the names of
//! traces are handed in.

use crate::journal::day::Day;

/// Whose texts are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum By {
    /// The writer's and the model's.
    #[default]
    Everybody,
    /// Only the writer's.
    Writer,
    /// Only the model's.
    Machine,
}

/// In which order results stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// What fits best first.
    #[default]
    Best,
    /// The newest day first.
    Newest,
}

/// What a result must satisfy besides the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// First day that counts.
    pub from: Option<Day>,
    /// Last day that counts.
    pub to: Option<Day>,
    /// Whose texts count.
    pub by: By,
}

impl Filter {
    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether no day can pass, because the first one lies after the last one.
    pub fn is_contradictory(&self) -> bool {
        self.from.zip(self.to).is_some_and(|(from, to)| from > to)
    }

    /// Whether a text of this day passes; `machine` says that the model wrote it.
    pub fn admits(&self, day: Day, machine: bool) -> bool {
        let by = match self.by {
            By::Everybody => true,
            By::Writer => !machine,
            By::Machine => machine,
        };
        by && self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day <= to)
    }

    /// Both together: the later first day, the earlier last day, and whose texts this one says.
    pub fn within(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            to: match (self.to, other.to) {
                (Some(to), Some(also)) => Some(to.min(also)),
                (to, also) => to.or(also),
            },
            by: self.by,
        }
    }
}

/// What was typed, parted into the words and what stood among them.
#[derive(PartialEq, Eq)]
pub struct Typed {
    /// Everything but `from:` and `to:` with a date and `#` or `-#` with the name of a trace, as typed.
    pub words: String,
    /// Names of traces, without the `#`.
    pub traces: Vec<String>,
    /// Names of traces that a result must not carry, without the `-#`.
    pub without: Vec<String>,
    /// What followed a `-#` and is the name of no trace, so that it is read as a word that must not occur.
    pub odd_without: Vec<String>,
    /// What followed a `#` and is the name of no trace, so that it is read as a word.
    pub odd_traces: Vec<String>,
    /// The days; never says whose texts.
    pub days: Filter,
    /// A `from:` or `to:` was followed by what is no date, and is read as a word.
    pub has_odd_date: bool,
}

/// Takes `from:2024-03`, `to:2024`, `#lake` and `-#lake` out of what was typed, outside of quotes. What is no date, or no
/// trace as `is_trace` says, stays a word, so that any text can be looked for, also while it is being typed.
///
/// ```
/// use llamora::{journal::day::Day, search::filter};
///
/// let today = Day::from_ymd(2026, 11, 22).expect("a day");
/// let is_trace = |name: &str| ["lake", "sea"].contains(&name);
/// let typed = filter::typed("boats #lake -#sea from:2024-03 \"to:2024\" #3", today, &is_trace);
/// assert_eq!(typed.words, "boats \"to:2024\" #3");
/// assert_eq!((typed.traces, typed.without), (vec!["lake".to_owned()], vec!["sea".to_owned()]));
/// assert_eq!(typed.days.from, Day::from_ymd(2024, 3, 1));
/// assert_eq!(typed.days.to, None);
/// ```
pub fn typed(text: &str, today: Day, is_trace: &dyn Fn(&str) -> bool) -> Typed {
    let mut found = Typed {
        words: String::new(),
        traces: Vec::new(),
        without: Vec::new(),
        odd_without: Vec::new(),
        odd_traces: Vec::new(),
        days: Filter::default(),
        has_odd_date: false,
    };
    let mut is_quoted = false;
    for (nth, word) in text.split(' ').enumerate() {
        let was_quoted = is_quoted;
        is_quoted ^= word.chars().filter(|symbol| QUOTES.contains(symbol)).count() % 2 == 1;
        if !was_quoted && !is_quoted && (found.take_trace(word, is_trace) || found.take(word, today)) {
            continue;
        }
        if nth > 0 && !found.words.is_empty() {
            found.words.push(' ');
        }
        found.words.push_str(word);
    }
    found
}

const QUOTES: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];

impl Typed {
    fn take_trace(&mut self, word: &str, is_trace: &dyn Fn(&str) -> bool) -> bool {
        let (is_barred, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
        let Some(name) = word.strip_prefix('#').filter(|name| !name.is_empty()) else { return false };
        let is_known = is_trace(name);
        let named = match (is_known, is_barred) {
            (true, false) => &mut self.traces,
            (true, true) => &mut self.without,
            (false, false) => &mut self.odd_traces,
            (false, true) => &mut self.odd_without,
        };
        if !named.iter().any(|known| known == name) {
            named.push(name.to_owned());
        }
        is_known
    }

    fn take(&mut self, word: &str, today: Day) -> bool {
        let Some((key, date)) = word.split_once(':') else { return false };
        let is_from = key.eq_ignore_ascii_case("from");
        if !is_from && !key.eq_ignore_ascii_case("to") {
            return false;
        }
        match days(date, today) {
            Some((first, _)) if is_from => self.days.from = self.days.from.max(Some(first)),
            Some((_, last)) => self.days.to = Some(self.days.to.map_or(last, |to| to.min(last))),
            None => {
                self.has_odd_date |= !date.is_empty();
                return false;
            }
        }
        true
    }
}

/// The first and the last day of what was typed as a date: a day, a month or a year.
///
/// Reads `2024`, `2024-03`, `3/2024`, `March 2024`, `2024-03-31`, `31.3.2024`, `31 March 2024`, `Mar 31, 2024`, `today`
/// and `yesterday`. What can be two days, as `3/4/2024`, is none.
pub fn days(text: &str, today: Day) -> Option<(Day, Day)> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "today" => return Some((today, today)),
        "yesterday" => return today.previous().map(|day| (day, day)),
        _ => {}
    }
    let parts: Vec<Part> = text
        .split(|symbol: char| symbol.is_whitespace() || ['-', '/', '.', ','].contains(&symbol))
        .filter(|part| !part.is_empty())
        .map(Part::of)
        .collect::<Option<_>>()?;
    use Part::{Month, Small, Year};
    match parts[..] {
        [Year(year)] => Some((Day::from_ymd(year, 1, 1)?, last_of_year(year)?)),
        [Year(year), Small(month) | Month(month)] | [Small(month) | Month(month), Year(year)] => {
            Some((Day::from_ymd(year, month, 1)?, last_of_month(year, month)?))
        }
        [Year(year), Small(month) | Month(month), Small(day)]
        | [Small(day), Month(month), Year(year)]
        | [Month(month), Small(day), Year(year)] => one(year, month, day),
        [Small(first), Small(second), Year(year)] => match (first, second) {
            _ if text.contains('.') || first == second || first > 12 => one(year, second, first),
            _ if second > 12 => one(year, first, second),
            _ => None,
        },
        _ => None,
    }
}

enum Part {
    Year(i16),
    Month(i8),
    /// A day of a month, or the number of a month.
    Small(i8),
}

impl Part {
    fn of(text: &str) -> Option<Self> {
        let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = text.split_at(n_digits);
        match (n_digits, rest) {
            (4, "") => digits.parse().ok().map(Self::Year),
            (1 | 2, "" | "st" | "nd" | "rd" | "th") => digits.parse().ok().map(Self::Small),
            (0, name) if name.len() >= 3 => {
                let month = (1..).zip(MONTHS).find(|(_, month)| month.starts_with(name))?;
                Some(Self::Month(month.0))
            }
            _ => None,
        }
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn one(year: i16, month: i8, day: i8) -> Option<(Day, Day)> {
    Day::from_ymd(year, month, day).map(|day| (day, day))
}

fn last_of_month(year: i16, month: i8) -> Option<Day> {
    if month == 12 { last_of_year(year) } else { Day::from_ymd(year, month + 1, 1)?.previous() }
}

fn last_of_year(year: i16) -> Option<Day> {
    // The journal's last day is the last but one of the year 9999.
    Day::from_ymd(year, 12, 31).or_else(|| Day::from_ymd(year, 12, 30))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn today() -> Day {
        day("2026-11-22")
    }

    fn read_all(text: &str) -> Typed {
        typed(text, today(), &|name| ["lake", "sea"].contains(&name))
    }

    fn read(text: &str) -> Option<(String, String)> {
        days(text, today()).map(|(first, last)| (first.to_string(), last.to_string()))
    }

    #[test]
    fn years_months_and_days_are_read_as_people_write_them() {
        let stretches = [
            ("2024", "2024-01-01", "2024-12-31"),
            (" 2024-02 ", "2024-02-01", "2024-02-29"),
            ("2/2023", "2023-02-01", "2023-02-28"),
            ("12.2023", "2023-12-01", "2023-12-31"),
            ("March 2024", "2024-03-01", "2024-03-31"),
            ("2024 sept", "2024-09-01", "2024-09-30"),
            ("9999", "9999-01-01", "9999-12-30"),
        ];
        for (text, first, last) in stretches {
            assert_eq!(read(text), Some((first.into(), last.into())), "{text}");
        }
        for text in [
            "2024-03-31",
            "2024/3/31",
            "31.3.2024",
            "31/3/2024",
            "3/31/2024",
            "31 March 2024",
            "31st mar 2024",
            "March 31, 2024",
            "2024 March 31",
        ] {
            assert_eq!(read(text), Some(("2024-03-31".into(), "2024-03-31".into())), "{text}");
        }
        assert_eq!(read("Today"), Some(("2026-11-22".into(), "2026-11-22".into())));
        assert_eq!(read("yesterday"), Some(("2026-11-21".into(), "2026-11-21".into())));
        assert_eq!(read("5/5/2024"), read("2024-05-05"));
    }

    #[test]
    fn what_is_no_date_or_may_be_two_is_none() {
        for text in
            ["", "x", "20", "2024-13", "2023-02-29", "3/4/2024", "0/2024", "1899", "ma 2024", "2024-03-01-01"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_taken_out_of_what_was_typed() {
        let found = read_all("old  harbour FROM:2024-03 boats to:2024-05 to:2025");
        assert_eq!(found.words, "old  harbour boats");
        assert_eq!(found.days.from, Some(day("2024-03-01")));
        assert_eq!(found.days.to, Some(day("2024-05-31")));
        assert!(!found.has_odd_date);
        for text in ["from: Anna", "\"a from:2024 b\"", "from:20", "to:Tom", "14:30", "-from:2024"] {
            let found = read_all(text);
            assert_eq!(found.words, text);
            assert!(found.days.is_open());
        }
        assert!(read_all("from:20").has_odd_date && !read_all("from: x").has_odd_date);
        assert_eq!(read_all("from:2024").words, "");
    }

    #[test]
    fn traces_are_taken_out_of_what_was_typed() {
        let found = read_all("#lake old boats #lake to:2024 #sea");
        assert_eq!(
            (&*found.words, &found.traces[..]),
            ("old boats", &["lake".to_owned(), "sea".to_owned()][..])
        );
        let found = read_all("old -#lake boats -#sea #sea -#lake");
        assert_eq!((&*found.words, &found.traces[..]), ("old boats", &["sea".to_owned()][..]));
        assert_eq!(found.without, ["lake", "sea"]);
        for text in [
            "\"#lake\"",
            "\"a #lake b\"",
            "#",
            "# lake",
            "-#",
            "- #",
            "-\"#lake\"",
            "C#",
            "lake#",
            "##lake",
            "--#lake",
        ] {
            let found = read_all(text);
            assert_eq!((&*found.words, found.traces.len() + found.without.len()), (text, 0), "{text}");
        }
        let found = read_all("house #3");
        assert_eq!((&*found.words, &found.odd_traces[..]), ("house #3", &["3".to_owned()][..]));
        let found = read_all("house -#3");
        assert_eq!((&*found.words, &found.odd_without[..]), ("house -#3", &["3".to_owned()][..]));
    }

    #[test]
    fn a_filter_admits_its_days_and_its_voice() {
        let filter = Filter { from: Some(day("2024-03-01")), to: Some(day("2024-05-31")), by: By::Writer };
        assert!(filter.admits(day("2024-03-01"), false) && filter.admits(day("2024-05-31"), false));
        assert!(!filter.admits(day("2024-02-29"), false) && !filter.admits(day("2024-06-01"), false));
        assert!(!filter.admits(day("2024-04-01"), true));
        assert!(Filter { by: By::Machine, ..filter }.admits(day("2024-04-01"), true));
        assert!(Filter::default().is_open() && Filter::default().admits(day("1900-01-01"), true));
        let narrower = filter.within(Filter { from: Some(day("2024-04-01")), to: None, by: By::Everybody });
        assert_eq!((narrower.from, narrower.to), (Some(day("2024-04-01")), filter.to));
        assert_eq!(narrower.by, By::Writer);
        assert!(
            filter.within(Filter { from: Some(day("2025-01-01")), ..Filter::default() }).is_contradictory()
        );
    }

    proptest! {
        #[test]
        fn anything_can_be_typed(text in any::<String>()) {
            let _ = days(&text, today());
            prop_assert!(read_all(&text).words.len() <= text.len());
        }
    }
}
