//! How a writer wants the journal to look and to behave: a sealed setting, read when the journal is opened.
//!
//! Record SETTINGS `preferences` is UTF-8, one `name=value` a line. Names and values that are not known here are kept
//! as they are, so that an older program takes nothing away from a newer one.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::{
    blocking,
    journal::{
        dates::Language,
        day::{self, Day},
    },
    services::{
        Failure, Services,
        accounts::ZONE_SETTING,
        sessions::{Session, guard},
    },
    vault::settings,
};

/// Name of the setting.
pub(crate) const PREFERENCES: &str = "preferences";

/// Makes an enum of named choices; the first is what holds until another is chosen.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $first:ident $first_word:literal, $($variant:ident $word:literal),+ }) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "each variant is its word")]
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub enum $name { #[default] $first, $($variant),+ }

        impl $name {
            /// Every choice, in the order in which they are offered.
            pub const ALL: &[Self] = &[Self::$first, $(Self::$variant),+];

            /// The word that stands for it in forms, in pages and in the setting.
            pub const fn word(self) -> &'static str {
                match self { Self::$first => $first_word, $(Self::$variant => $word),+ }
            }

            /// The choice of a word; `None` when there is none.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.word() == word)
            }
        }
    };
}

choice!(
    /// Paper, night, or what the system says.
    Theme { System "system", Light "light", Dark "dark" }
);
choice!(
    /// How far colours stand apart: what the system says, or more.
    Contrast { System "system", More "more" }
);
choice!(
    /// Size of everything.
    Size { Normal "normal", Small "small", Large "large", Larger "larger" }
);
choice!(
    /// Length of a line.
    Width { Normal "normal", Narrow "narrow", Wide "wide" }
);
choice!(
    /// What the writer's words are set in.
    Font { Serif "serif", Sans "sans", System "system" }
);
choice!(
    /// Whether things move.
    Motion { Soft "soft", Calm "calm" }
);
choice!(
    /// The day a week begins with.
    Weekday { Monday "monday", Sunday "sunday", Saturday "saturday" }
);
choice!(
    /// 14:03 or 2:03 pm.
    Hours { Of24 "24", Of12 "12" }
);
choice!(
    /// What the Enter key does in the box to write in.
    Enter { Breaks "line", Saves "save" }
);
choice!(
    /// Whether single keys are shortcuts.
    Keys { On "on", Off "off" }
);
choice!(
    /// Whether days show what other times say to them.
    EarlierDays { On "on", Off "off" }
);
choice!(
    /// Whether a day begins with an opening: made ahead when the machine is idle, when the day is looked at, or never.
    Openings { Ahead "ahead", Looked "looked", Off "off" }
);
choice!(
    /// Whether the browser may check and translate what is written.
    Spelling { Off "off", On "on" }
);
choice!(
    /// Whether emoji are offered for a name that is begun with a colon.
    Emoji { On "on", Off "off" }
);

/// All that can be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Preferences {
    /// Light or dark.
    pub theme: Theme,
    /// How far colours stand apart.
    pub contrast: Contrast,
    /// Size of everything.
    pub size: Size,
    /// Length of a line.
    pub width: Width,
    /// Font of the writer's words.
    pub font: Font,
    /// Whether things move.
    pub motion: Motion,
    /// First day of the week.
    pub week: Weekday,
    /// How times are shown.
    pub hours: Hours,
    /// The language that dates are said in.
    pub dates: Language,
    /// What Enter does.
    pub enter: Enter,
    /// Single keys as shortcuts.
    pub keys: Keys,
    /// On this day.
    pub earlier: EarlierDays,
    /// What a day begins with.
    pub opening: Openings,
    /// Emoji by name.
    pub emoji: Emoji,
    /// Spell-check and translation by the browser.
    pub spelling: Spelling,
}

impl Preferences {
    /// Reads the setting; what is not known is left at its beginning.
    pub fn parse(stored: &str) -> Self {
        let mut all = Self::default();
        for (name, value) in stored.lines().filter_map(|line| line.split_once('=')) {
            all.set(name, value);
        }
        all
    }

    /// Chooses `value` for the preference called `name`; `false` when there is no such name or value.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        fn put<T>(place: &mut T, chosen: Option<T>) -> bool {
            chosen.map(|chosen| *place = chosen).is_some()
        }
        match name {
            "theme" => put(&mut self.theme, Theme::of(value)),
            "contrast" => put(&mut self.contrast, Contrast::of(value)),
            "size" => put(&mut self.size, Size::of(value)),
            "width" => put(&mut self.width, Width::of(value)),
            "font" => put(&mut self.font, Font::of(value)),
            "motion" => put(&mut self.motion, Motion::of(value)),
            "week" => put(&mut self.week, Weekday::of(value)),
            "hours" => put(&mut self.hours, Hours::of(value)),
            "dates" => put(&mut self.dates, Language::of(value)),
            "enter" => put(&mut self.enter, Enter::of(value)),
            "keys" => put(&mut self.keys, Keys::of(value)),
            "earlier" => put(&mut self.earlier, EarlierDays::of(value)),
            "opening" => put(&mut self.opening, Openings::of(value)),
            "emoji" => put(&mut self.emoji, Emoji::of(value)),
            "spelling" => put(&mut self.spelling, Spelling::of(value)),
            _ => false,
        }
    }

    fn pairs(self) -> [(&'static str, &'static str); 15] {
        [
            ("theme", self.theme.word()),
            ("contrast", self.contrast.word()),
            ("size", self.size.word()),
            ("width", self.width.word()),
            ("font", self.font.word()),
            ("motion", self.motion.word()),
            ("week", self.week.word()),
            ("hours", self.hours.word()),
            ("dates", self.dates.tag()),
            ("enter", self.enter.word()),
            ("keys", self.keys.word()),
            ("earlier", self.earlier.word()),
            ("opening", self.opening.word()),
            ("emoji", self.emoji.word()),
            ("spelling", self.spelling.word()),
        ]
    }

    /// What to store in place of `before`. A value of a newer program stays until another one is chosen here.
    pub(super) fn over(self, before: &str) -> String {
        let (own, first) = (self.pairs(), Self::default().pairs());
        let is_kept = |line: &&str| {
            let Some((name, value)) = line.split_once('=') else { return false };
            let is_chosen = own.iter().zip(first).any(|(own, first)| own.0 == name && *own != first);
            !is_chosen && !Self::default().set(name, value)
        };
        let chosen = own.iter().map(|(name, word)| format!("{name}={word}"));
        chosen.chain(before.lines().filter(is_kept).map(str::to_owned)).collect::<Vec<_>>().join("\n")
    }

    /// A time of the day as the writer wants it, from `HH:MM`.
    pub fn time(self, clock: &str) -> String {
        let Some((hours, minutes)) = clock.split_once(':').filter(|_| self.hours == Hours::Of12) else {
            return clock.to_owned();
        };
        let hour: u32 = hours.parse().unwrap_or(0);
        let half = if hour < 12 { "am" } else { "pm" };
        format!("{}:{minutes} {half}", (hour + 11) % 12 + 1)
    }

    /// How many days the first day of the week lies after Monday.
    pub const fn week_offset(self) -> usize {
        match self.week {
            Weekday::Monday => 0,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        }
    }
}

impl Session {
    /// What the writer has chosen.
    pub fn preferences(&self) -> Preferences {
        *guard(&self.user.preferences)
    }

    /// The language that dates are said in.
    pub fn dates(&self) -> Language {
        self.preferences().dates
    }
}

impl Services {
    /// Keeps what the writer has chosen, sealed; it holds for all browsers at once.
    ///
    /// # Errors
    /// When it cannot be written; nothing is changed then.
    pub async fn prefer(&self, session: &Session, chosen: Preferences) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            user.vault.write(|w| {
                let before = settings::get(w, PREFERENCES)?.unwrap_or_default();
                let after = chosen.over(&String::from_utf8_lossy(&before));
                settings::put(w, PREFERENCES, after.as_bytes())
            })?;
            *guard(&user.preferences) = chosen;
            Ok::<(), crate::vault::error::VaultError>(())
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// Name of the writer's time zone.
    pub fn zone_name(&self, session: &Session) -> String {
        session.user.zone().0
    }

    /// Moves the writer to another time zone: its name decides which day is today, and the times that are shown. `false`
    /// when there is no zone of this name; nothing is changed then.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn move_to_zone(&self, session: &Session, name: &str) -> Result<bool, Failure> {
        let Some(zone) = day::zone(name) else { return Ok(false) };
        // As the database writes it, whatever the case it was typed in.
        let name = zone.iana_name().unwrap_or(name).to_owned();
        let (user, kept) = (Arc::clone(&session.user), name.clone());
        blocking::db(move || user.vault.write(|w| settings::put(w, ZONE_SETTING, kept.as_bytes()))).await??;
        session.user.set_zone(name, zone);
        self.wrote();
        Ok(true)
    }

    /// Names of all zones, for a list to choose from.
    pub fn zones(&self) -> Vec<String> {
        jiff::tz::db().available().map(|name| name.to_string()).filter(|name| is_place(name)).collect()
    }

    /// What the clock on the wall says now in the writer's zone, as the writer wants it.
    pub fn time_now(&self, session: &Session) -> String {
        self.clock_of(session, self.clock.now_ms())
    }

    /// Milliseconds until the writer's next day begins.
    pub fn until_tomorrow(&self, session: &Session) -> i64 {
        let (now, zone) = (self.clock.now_ms(), session.user.zone().1);
        Day::at(now, &zone).next().map_or(i64::MAX, |next| start_of(next, &zone) - now)
    }
}

/// The moment a day begins in a zone.
fn start_of(day: Day, zone: &TimeZone) -> i64 {
    let date = jiff::civil::Date::new(day.year(), day.month(), day.day_of_month());
    let start = date.ok().and_then(|date| date.to_zoned(zone.clone()).ok());
    start.map_or(i64::MAX, |start| start.timestamp().as_millisecond())
}

/// Left out are the zones that only stand for an abbreviation or an offset.
fn is_place(name: &str) -> bool {
    name == "UTC" || (name.contains('/') && !name.starts_with("Etc/") && !name.starts_with("SystemV/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again_and_the_unknown_is_kept() {
        let mut chosen = Preferences::default();
        assert!(chosen.set("theme", "dark") && chosen.set("hours", "12") && chosen.set("keys", "off"));
        assert!(!chosen.set("theme", "sepia") && !chosen.set("glow", "much"));
        let stored = chosen.over("glow=much\nsize=huge\ntheme=light");
        assert_eq!(Preferences::parse(&stored), chosen);
        assert!(stored.contains("glow=much") && stored.contains("size=huge"), "{stored}");
        let again = Preferences { size: Size::Small, ..chosen }.over(&stored);
        assert!(again.contains("size=small") && !again.contains("size=huge"), "{again}");
    }

    #[test]
    fn times_are_shown_in_twelve_hours_when_they_are_wanted_so() {
        let of_12 = Preferences { hours: Hours::Of12, ..Preferences::default() };
        for (clock, shown) in
            [("00:05", "12:05 am"), ("09:30", "9:30 am"), ("12:00", "12:00 pm"), ("23:59", "11:59 pm")]
        {
            assert_eq!(of_12.time(clock), shown);
            assert_eq!(Preferences::default().time(clock), clock);
        }
    }
}
