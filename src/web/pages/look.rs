//! Contexts of how the journal looks and behaves: the attributes of every page, and the settings that choose them.

use serde::Serialize;

use crate::{
    journal::{dates::Language, day::Day},
    services::preferences::{
        Contrast, EarlierDays, Emoji, Enter, Font, Hours, Keys, Motion, Openings, Preferences, Size,
        Spelling, Theme, Weekday, Width,
    },
    web::{pages::Shell, view::Template},
};

/// What the root of every page says of how it looks; the style sheet follows it.
#[derive(Serialize, Clone, Copy)]
pub struct Look {
    /// `system`, `light` or `dark`.
    pub theme: &'static str,
    /// `system` or `more`.
    pub contrast: &'static str,
    /// `small`, `normal`, `large` or `larger`.
    pub size: &'static str,
    /// `narrow`, `normal` or `wide`.
    pub width: &'static str,
    /// `serif`, `sans` or `system`.
    pub font: &'static str,
    /// `soft` or `calm`.
    pub motion: &'static str,
    /// Whether single keys are shortcuts.
    pub has_keys: bool,
    /// Whether Enter saves.
    pub enter_saves: bool,
    /// Whether emoji are offered for a name that is begun.
    pub has_emoji: bool,
    /// Whether the browser may check and translate what is written.
    pub is_checked: bool,
}

impl From<Preferences> for Look {
    fn from(chosen: Preferences) -> Self {
        Self {
            theme: chosen.theme.word(),
            contrast: chosen.contrast.word(),
            size: chosen.size.word(),
            width: chosen.width.word(),
            font: chosen.font.word(),
            motion: chosen.motion.word(),
            has_keys: chosen.keys == Keys::On,
            enter_saves: chosen.enter == Enter::Saves,
            has_emoji: chosen.emoji == Emoji::On,
            is_checked: chosen.spelling == Spelling::On,
        }
    }
}

/// One thing to choose: a legend and its choices side by side.
#[derive(Serialize, Clone)]
pub struct Choice {
    /// Name of the form field.
    pub name: &'static str,
    /// What is chosen.
    pub legend: &'static str,
    /// A sentence on it.
    pub hint: Option<&'static str>,
    /// Value, label, and whether it is the one.
    pub options: Vec<(&'static str, &'static str, bool)>,
}

/// `GET /settings/appearance`.
#[derive(Serialize, Clone)]
pub struct AppearancePage {
    /// Surroundings.
    pub shell: Shell,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// It has just been saved.
    pub is_saved: bool,
}

/// `GET /settings/journal`.
#[derive(Serialize, Clone)]
pub struct JournalPage {
    /// Surroundings.
    pub shell: Shell,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// Languages of dates to choose from.
    pub languages: Vec<LanguageChoice>,
    /// Today, ISO, as it is said in the language that holds.
    pub today: String,
    /// Name of the time zone in the field.
    pub zone: String,
    /// All names, to choose from.
    pub zones: Vec<String>,
    /// What the clock says there now.
    pub now: String,
    /// Why the zone was not taken.
    pub error: Option<String>,
    /// It has just been saved.
    pub is_saved: bool,
}

/// A language that dates can be said in.
#[derive(Serialize, Clone)]
pub struct LanguageChoice {
    /// Its tag.
    pub tag: &'static str,
    /// What it calls itself, and how today is said in it.
    pub label: String,
    /// Whether it is the one.
    pub is_chosen: bool,
}

/// The languages that dates can be said in, each with how it says a day.
pub fn languages(chosen: Language, today: Day) -> Vec<LanguageChoice> {
    let choice = |language: Language| LanguageChoice {
        tag: language.tag(),
        label: format!("{}: {}", language.name(), language.full(today)),
        is_chosen: language == chosen,
    };
    Language::all().map(choice).collect()
}

/// A legend, the label of each choice in the order of `ALL`, and which one holds.
fn choice<T: Copy + PartialEq>(
    (name, legend): (&'static str, &'static str),
    labels: &[(T, &'static str)],
    word: impl Fn(T) -> &'static str,
    chosen: T,
) -> Choice {
    let options = labels.iter().map(|&(value, label)| (word(value), label, value == chosen)).collect();
    Choice { name, legend, hint: None, options }
}

/// What `/settings/appearance` offers.
pub fn appearance(chosen: Preferences) -> Vec<Choice> {
    vec![
        choice(
            ("theme", "Theme"),
            &[(Theme::System, "As the system"), (Theme::Light, "Light"), (Theme::Dark, "Dark")],
            Theme::word,
            chosen.theme,
        ),
        choice(
            ("contrast", "Contrast"),
            &[(Contrast::System, "As the system"), (Contrast::More, "More")],
            Contrast::word,
            chosen.contrast,
        ),
        choice(
            ("font", "Your words are set in"),
            &[(Font::Serif, "Serif"), (Font::Sans, "Sans"), (Font::System, "Fonts of this machine")],
            Font::word,
            chosen.font,
        ),
        choice(
            ("size", "Size"),
            &[
                (Size::Small, "Small"),
                (Size::Normal, "Normal"),
                (Size::Large, "Large"),
                (Size::Larger, "Larger"),
            ],
            Size::word,
            chosen.size,
        ),
        choice(
            ("width", "Length of a line"),
            &[(Width::Narrow, "Short"), (Width::Normal, "Normal"), (Width::Wide, "Long")],
            Width::word,
            chosen.width,
        ),
        Choice {
            hint: Some("A system that asks for less motion gets none in any case."),
            ..choice(
                ("motion", "Motion"),
                &[(Motion::Soft, "Soft"), (Motion::Calm, "None")],
                Motion::word,
                chosen.motion,
            )
        },
    ]
}

/// What `/settings/journal` offers besides the time zone.
pub fn habits(chosen: Preferences) -> Vec<Choice> {
    vec![
        choice(
            ("week", "A week begins on"),
            &[(Weekday::Monday, "Monday"), (Weekday::Sunday, "Sunday"), (Weekday::Saturday, "Saturday")],
            Weekday::word,
            chosen.week,
        ),
        choice(
            ("hours", "Times are shown as"),
            &[(Hours::Of24, "14:03"), (Hours::Of12, "2:03 pm")],
            Hours::word,
            chosen.hours,
        ),
        Choice {
            hint: Some("Ctrl or Cmd with Enter always saves; Shift with Enter always begins a new line."),
            ..choice(
                ("enter", "The Enter key"),
                &[(Enter::Breaks, "begins a new line"), (Enter::Saves, "saves the entry")],
                Enter::word,
                chosen.enter,
            )
        },
        Choice {
            hint: Some("The list of them opens with the question mark, or from the menu."),
            ..choice(
                ("keys", "Single keys as shortcuts"),
                &[(Keys::On, "On"), (Keys::Off, "Off")],
                Keys::word,
                chosen.keys,
            )
        },
        Choice {
            hint: Some(
                "A few sentences from the last days you wrote on, put together on this machine. Ahead means while nothing else is to be done.",
            ),
            ..choice(
                ("opening", "A day begins with a look back"),
                &[
                    (Openings::Ahead, "Yes, made ahead"),
                    (Openings::Looked, "Yes, when I open the day"),
                    (Openings::Off, "No"),
                ],
                Openings::word,
                chosen.opening,
            )
        },
        Choice {
            hint: Some(
                "The same date of earlier years, and passages of other times that mean nearly the same.",
            ),
            ..choice(
                ("earlier", "On this day"),
                &[(EarlierDays::On, "At the end of a day"), (EarlierDays::Off, "Off")],
                EarlierDays::word,
                chosen.earlier,
            )
        },
        Choice {
            hint: Some(
                "A colon and a name, as in :snow, offers some; nothing is put in before you choose it.",
            ),
            ..choice(
                ("emoji", "Emoji by name while you write"),
                &[(Emoji::On, "On"), (Emoji::Off, "Off")],
                Emoji::word,
                chosen.emoji,
            )
        },
        Choice {
            hint: Some(
                "Some browsers send what you type to their maker to check its spelling or to translate it. Nothing in this program can see that, so both are off until you know that yours does not.",
            ),
            ..choice(
                ("spelling", "Spell-check and translation by the browser"),
                &[(Spelling::Off, "Off"), (Spelling::On, "On")],
                Spelling::word,
                chosen.spelling,
            )
        },
    ]
}

impl Template for AppearancePage {
    const NAME: &'static str = "settings/appearance.html";

    fn samples() -> Vec<Self> {
        let page = Self {
            shell: Shell::sample("Settings"),
            choices: appearance(Preferences::default()),
            is_saved: false,
        };
        vec![Self { is_saved: true, ..page.clone() }, page]
    }
}

impl Template for JournalPage {
    const NAME: &'static str = "settings/journal.html";

    fn samples() -> Vec<Self> {
        let page = Self {
            shell: Shell::sample("Settings"),
            choices: habits(Preferences::default()),
            languages: "2026-11-22"
                .parse()
                .map(|day| languages(Language::default(), day))
                .unwrap_or_default(),
            today: "2026-11-22".to_owned(),
            zone: "Europe/Amsterdam".to_owned(),
            zones: vec!["Europe/Amsterdam".to_owned(), "UTC".to_owned()],
            now: "14:03".to_owned(),
            error: None,
            is_saved: true,
        };
        let error = Some("There is no time zone of this name.".to_owned());
        vec![Self { error, is_saved: false, ..page.clone() }, page]
    }
}
