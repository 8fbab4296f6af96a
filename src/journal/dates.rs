//! The language that dates are said in: names of days and months, and the order of a date.
//!
//! Names and orders are those of Unicode's CLDR, by way of `icu_datetime`, whose tables are part of the program. English
//! as the interface writes it (`22 November 2026`) is this program's own, and what prompts and tests know.

use icu_calendar::{Date, Gregorian};
use icu_datetime::{
    FixedCalendarDateTimeFormatter,
    fieldsets::{DE, E, M, MD, YM, YMD, YMDE},
};
use icu_locale_core::Locale;

use super::{
    day::{Day, MONTHS},
    period::Period,
};

/// A language that dates can be said in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Language(usize);

/// BCP 47 tag and the language's own name, in the order in which they are offered: English, then by name. The stemmers of
/// the search know most of them; all are written from left to right, and with the digits of the interface.
const LANGUAGES: &[(&str, &str)] = &[
    ("en-GB", "English"),
    ("en-US", "English (United States)"),
    ("ca", "Catal\u{e0}"),
    ("cs", "\u{10c}e\u{161}tina"),
    ("da", "Dansk"),
    ("de", "Deutsch"),
    ("es", "Espa\u{f1}ol"),
    ("fr", "Fran\u{e7}ais"),
    ("it", "Italiano"),
    ("hu", "Magyar"),
    ("nl", "Nederlands"),
    ("nb", "Norsk"),
    ("pl", "Polski"),
    ("pt", "Portugu\u{ea}s"),
    ("ro", "Rom\u{e2}n\u{103}"),
    ("fi", "Suomi"),
    ("sv", "Svenska"),
    ("tr", "T\u{fc}rk\u{e7}e"),
    ("el", "\u{395}\u{3bb}\u{3bb}\u{3b7}\u{3bd}\u{3b9}\u{3ba}\u{3ac}"),
    ("ru", "\u{420}\u{443}\u{441}\u{441}\u{43a}\u{438}\u{439}"),
    ("uk", "\u{423}\u{43a}\u{440}\u{430}\u{457}\u{43d}\u{441}\u{44c}\u{43a}\u{430}"),
    ("ja", "\u{65e5}\u{672c}\u{8a9e}"),
    ("zh", "\u{4e2d}\u{6587}"),
    ("ko", "\u{d55c}\u{ad6d}\u{c5b4}"),
];

/// Most languages that are read from the header of a browser.
const MAX_WANTED: usize = 20;

/// A date in the order and the names of a language; in English when the tables have it not.
macro_rules! said {
    ($locale:expr, $fields:expr, $day:expr, $english:expr) => {
        match ($locale, icu_date($day)) {
            (Some(locale), Some(date)) => {
                let formatter =
                    FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new(locale.into(), $fields);
                formatter.map_or_else(|_| $english, |formatter| formatter.format(&date).to_string())
            }
            _ => $english,
        }
    };
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// Its tag, as in `de`: for `lang` attributes, forms and the setting.
    pub fn tag(self) -> &'static str {
        LANGUAGES[self.0].0
    }

    /// What it calls itself.
    pub fn name(self) -> &'static str {
        LANGUAGES[self.0].1
    }

    /// The language of a tag of the list; `None` when it is not there.
    pub fn of(tag: &str) -> Option<Self> {
        LANGUAGES.iter().position(|(known, _)| known.eq_ignore_ascii_case(tag)).map(Self)
    }

    /// Whether pages, which are in English, have to say where dates stand that these are in another language.
    pub fn is_english(self) -> bool {
        self.tag().starts_with("en")
    }

    /// The first language of a browser's `Accept-Language` that is known here (RFC 9110, section 12.5.4).
    pub fn wanted(header: &str) -> Option<Self> {
        let mut wanted: Vec<(f32, Self)> = header
            .split(',')
            .take(MAX_WANTED)
            .filter_map(|one| {
                let (tag, weight) = one.split_once(';').unwrap_or((one, "q=1"));
                let weight: f32 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
                (weight > 0.0).then_some((weight, Self::nearest(tag.trim())?))
            })
            .collect();
        // The sort keeps the order of what weighs the same.
        wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
        wanted.first().map(|(_, language)| *language)
    }

    /// The language that a tag means, whatever country it names.
    fn nearest(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        let known = match primary.to_ascii_lowercase().as_str() {
            "en" => "en-GB",
            // Norwegian has two forms; the names of days and months that most write are those of Bokmal.
            "no" | "nn" => "nb",
            _ => primary,
        };
        Self::of(tag).or_else(|| Self::of(known))
    }

    /// What the tables are asked for; `None` for the interface's own English.
    fn locale(self) -> Option<Locale> {
        (self != Self::default()).then(|| self.tag().parse().ok()).flatten()
    }

    /// `22 November 2026`
    pub fn date(self, day: Day) -> String {
        said!(self.locale(), YMD::long(), day, day.long())
    }

    /// `Sunday, 22 November 2026`
    pub fn full(self, day: Day) -> String {
        said!(self.locale(), YMDE::long(), day, format!("{}, {}", day.weekday(), day.long()))
    }

    /// `Sunday`
    pub fn weekday(self, day: Day) -> String {
        said!(self.locale(), E::long(), day, day.weekday().to_owned())
    }

    /// `Sunday 22`, without the stop that some languages put behind a number.
    pub fn weekday_day(self, day: Day) -> String {
        let said = said!(self.locale(), DE::long(), day, format!("{} {}", day.weekday(), day.day_of_month()));
        said.trim_end_matches('.').to_owned()
    }

    /// `Su`, as the head of a column.
    pub fn weekday_short(self, day: Day) -> String {
        said!(self.locale(), E::short(), day, day.weekday()[..2].to_owned())
    }

    /// `November`, by itself.
    pub fn month(self, day: Day) -> String {
        let whole = self.month_of_year(day);
        match (self.tag(), whole.split_once(' ')) {
            // By itself the tables have the form that follows a number.
            ("el", Some((name, _))) => name.to_owned(),
            _ => said!(self.locale(), M::long(), day, day.month_name().to_owned()),
        }
    }

    /// `Nov`, by itself.
    pub fn month_short(self, day: Day) -> String {
        said!(self.locale(), M::medium(), day, day.month_name()[..3].to_owned())
    }

    /// `November 2026`
    pub fn month_of_year(self, day: Day) -> String {
        // The pattern of Brazil cannot be filled (icu_datetime 2.4); that of Portugal reads the same.
        let locale = if self.tag() == "pt" { "pt-PT".parse().ok() } else { self.locale() };
        said!(locale, YM::long(), day, format!("{} {}", day.month_name(), day.year()))
    }

    /// `22 November`
    pub fn day_of_month(self, day: Day) -> String {
        said!(self.locale(), MD::long(), day, format!("{} {}", day.day_of_month(), day.month_name()))
    }

    /// Names of the twelve months, by themselves.
    pub fn months(self) -> Vec<String> {
        let named = (1..).zip(MONTHS);
        named
            .map(|(n, name)| Day::from_ymd(2026, n, 1).map_or(name.to_owned(), |day| self.month(day)))
            .collect()
    }

    /// Title of a week or a month: `November 2026`, or `23 to 29 November 2026`.
    pub fn period(self, period: Period) -> String {
        let (first, last) = (period.first(), period.last());
        if self == Self::default() {
            return period.title();
        }
        if !period.is_week() {
            return self.month_of_year(first);
        }
        let (whole, end) = (self.date(first), self.date(last));
        // A year that both share is said once, where the language says years.
        let says_year_first = whole.starts_with(|first: char| first.is_ascii_digit())
            && whole.starts_with(&first.year().to_string());
        match (first.year() == last.year(), says_year_first) {
            (true, true) => format!("{whole} \u{2013} {}", self.day_of_month(last)),
            (true, false) => format!("{} \u{2013} {end}", self.day_of_month(first)),
            (false, _) => format!("{whole} \u{2013} {end}"),
        }
    }
}

fn icu_date(day: Day) -> Option<Date<Gregorian>> {
    let (month, of_month) = (day.month().unsigned_abs(), day.day_of_month().unsigned_abs());
    Date::try_new_gregorian(day.year().into(), month, of_month).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn language(tag: &str) -> Language {
        Language::of(tag).expect("a language")
    }

    #[test]
    fn a_date_has_the_order_and_the_names_of_its_language() {
        let saturday = day("2026-11-28");
        for (tag, date, full) in [
            ("en-GB", "28 November 2026", "Saturday, 28 November 2026"),
            ("en-US", "November 28, 2026", "Saturday, November 28, 2026"),
            ("de", "28. November 2026", "Samstag, 28. November 2026"),
            ("fr", "28 novembre 2026", "samedi 28 novembre 2026"),
            ("es", "28 de noviembre de 2026", "s\u{e1}bado, 28 de noviembre de 2026"),
            (
                "ja",
                "2026\u{5e74}11\u{6708}28\u{65e5}",
                "2026\u{5e74}11\u{6708}28\u{65e5}\u{571f}\u{66dc}\u{65e5}",
            ),
        ] {
            let said = (language(tag).date(saturday), language(tag).full(saturday));
            assert_eq!(said, (date.to_owned(), full.to_owned()), "{tag}");
        }
        let german = language("de");
        assert_eq!(german.months()[2], "M\u{e4}rz");
        assert_eq!(
            (german.weekday(saturday), german.weekday_short(saturday)),
            ("Samstag".into(), "Sa".into())
        );
        assert_eq!(
            (german.month_of_year(saturday), german.weekday_day(saturday)),
            ("November 2026".into(), "Samstag, 28".into())
        );
    }

    #[test]
    fn weeks_and_months_have_titles() {
        let period = |text: &str| text.parse::<Period>().expect("a period");
        for (tag, of, title) in [
            ("pt", "2026-03", "mar\u{e7}o de 2026"),
            ("el", "2026-03", "\u{39c}\u{3ac}\u{3c1}\u{3c4}\u{3b9}\u{3bf}\u{3c2} 2026"),
            ("en-GB", "2026-W48", "23 to 29 November 2026"),
            ("de", "2026-11", "November 2026"),
            ("de", "2026-W48", "23. November \u{2013} 29. November 2026"),
            ("de", "2026-W53", "28. Dezember 2026 \u{2013} 3. Januar 2027"),
            ("ja", "2026-W48", "2026\u{5e74}11\u{6708}23\u{65e5} \u{2013} 11\u{6708}29\u{65e5}"),
        ] {
            assert_eq!(language(tag).period(period(of)), title, "{tag} {of}");
        }
    }

    #[test]
    fn every_language_says_every_day_of_a_year() {
        for language in Language::all() {
            for number in 20_454..20_454 + 366 {
                let day = Day::from_number(number).expect("a day");
                let said = [language.date(day), language.full(day), language.month_of_year(day)];
                assert!(
                    said.iter().all(|said| said.contains(&day.year().to_string())),
                    "{language:?}: {said:?}"
                );
                let names = [
                    language.weekday(day),
                    language.weekday_short(day),
                    language.month(day),
                    language.month_short(day),
                    language.weekday_day(day),
                    language.day_of_month(day),
                ];
                assert!(names.iter().all(|name| !name.trim().is_empty()), "{language:?}: {names:?}");
            }
            assert_eq!(Language::of(language.tag()), Some(language));
        }
    }

    #[test]
    fn a_browser_is_taken_at_its_word_as_far_as_it_is_known() {
        for (header, tag) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some("de")),
            ("en-US,en;q=0.5", Some("en-US")),
            ("en-AU", Some("en-GB")),
            ("en;q=0.4, fr;q=0.9", Some("fr")),
            ("nn-NO", Some("nb")),
            ("ar, tlh;q=0.9, sv;q=0.1", Some("sv")),
            ("fr;q=0, it;q=0.2", Some("it")),
            ("*", None),
            ("", None),
            (";;,;q=,de;q=nan", None),
        ] {
            assert_eq!(Language::wanted(header).map(Language::tag), tag, "{header}");
        }
    }
}
