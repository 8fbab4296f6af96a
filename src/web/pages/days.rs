//! Contexts of the day page.

use serde::Serialize;

use crate::web::{
    pages::{ModelView, Shell, entries::EntryItem, opening::OpeningItem},
    view::Template,
};

/// `GET /d/{date}`.
#[derive(Serialize, Clone)]
pub struct DayPage {
    /// Surroundings. `refresh` is set when a reply runs and the page has no composer.
    pub shell: Shell,
    /// The date and its neighbours.
    pub day: DayHead,
    /// What was written, in order.
    pub entries: Vec<EntryItem>,
    /// The box to write in; `None` on future days and on pages that refresh themselves.
    pub composer: Option<Composer>,
    /// Address of the same day with a composer (`/d/{date}?write=1`), when this one has none because it refreshes.
    pub write_link: Option<String>,
    /// How the model is.
    pub model: ModelView,
    /// One sentence above the entries, as after moving an entry to the trash without scripts.
    pub notice: Option<String>,
    /// When the last entry was written and how many there are, on the first page after signing in.
    pub last_entry: Option<LastEntry>,
    /// What is to be told about signing in.
    pub told: SigningIn,
    /// What is wrong with the day: entries that are gone or older than they should be.
    pub flaw: Option<String>,
    /// It holds entries of the sample day, which can be removed with one press.
    pub is_sample: bool,
    /// Id of the entry that has just been moved to the trash; the notice then has a button that brings it back.
    pub undo: Option<String>,
    /// What the day begins with; none where there is nothing to show.
    pub opening: Option<OpeningItem>,
    /// The recap of a day that is over, when it has one or will have one in a moment.
    pub recap: Option<RecapItem>,
    /// Other times may say something to this day: they can be opened at its end.
    pub has_other_times: bool,
}

/// A recap at the end of a day.
#[derive(Serialize, Clone)]
pub struct RecapItem {
    /// The day, ISO.
    pub day: String,
    /// Its sentences; none while it is being made.
    pub text: Option<String>,
    /// Name of the model that wrote it; none for the writer's own sentences.
    pub model: Option<String>,
}

impl RecapItem {
    /// A recap in each shape, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let own = Self {
            day: "2026-11-19".to_owned(),
            text: Some("Snow on the bridge. Ana called from <Lisbon>.".to_owned()),
            model: None,
        };
        let made = Self { model: Some("Qwen3 1.7B".to_owned()), ..own.clone() };
        vec![own.clone(), made, Self { text: None, ..own }]
    }
}

/// `GET /d/{date}/recap`: the recap alone.
#[derive(Serialize, Clone)]
pub struct RecapPart {
    /// Surroundings.
    pub shell: Shell,
    /// The recap; none when the day gets none.
    pub recap: Option<RecapItem>,
}

impl Template for RecapPart {
    const NAME: &'static str = "days/_recap.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let recaps = RecapItem::samples().into_iter().map(Some).chain([None]);
        recaps.map(|recap| Self { shell: Shell::sample("Day"), recap }).collect()
    }
}

/// What is told about signing in.
#[derive(Serialize, Clone, Default)]
pub struct SigningIn {
    /// Wrong tries for the name before this sign-in, on the first page after it.
    pub wrong_tries: Option<WrongTriesView>,
    /// Nobody has signed in with name and password yet: one sign-in is asked for.
    pub wants_proof: bool,
}

/// Wrong tries before a sign-in: a sentence that ends with when they were.
#[derive(Serialize, Clone)]
pub struct WrongTriesView {
    /// How many of what, and the preposition of the moment.
    pub said: String,
    /// The day, ISO, when it was before today.
    pub day: Option<String>,
    /// The time of today, in words.
    pub time: Option<String>,
}

/// When the last entry was written, and how many there are.
#[derive(Serialize, Clone)]
pub struct LastEntry {
    /// Its day, ISO.
    pub day: String,
    /// As in `1,204 entries on 388 days.`
    pub sum: String,
}

impl LastEntry {
    /// For tests and the preview.
    pub fn sample() -> Self {
        Self { day: "2026-11-20".to_owned(), sum: "1,204 entries on 388 days.".to_owned() }
    }
}

/// The title of a day page.
#[derive(Serialize, Clone)]
pub struct DayHead {
    /// `2026-11-22`
    pub iso: String,
    /// Whether it is today for the writer.
    pub is_today: bool,
    /// The day before, ISO.
    pub yesterday: Option<String>,
    /// The day after, ISO; `None` if it lies in the future.
    pub tomorrow: Option<String>,
    /// Nearest earlier day with writing, ISO.
    pub prev_written: Option<String>,
    /// Nearest later day with writing, ISO.
    pub next_written: Option<String>,
    /// Address of its month in the calendar.
    pub calendar: String,
    /// Whether it has not come yet.
    pub is_future: bool,
    /// On today: milliseconds until it is over, for the page to say so.
    pub ends_in: Option<i64>,
}

impl DayHead {
    /// A head for tests and the preview.
    pub fn sample() -> Self {
        Self {
            iso: "2026-11-22".to_owned(),
            is_today: true,
            yesterday: Some("2026-11-21".to_owned()),
            tomorrow: None,
            prev_written: Some("2026-11-19".to_owned()),
            next_written: None,
            calendar: "/calendar/2026/11?day=2026-11-22".to_owned(),
            is_future: false,
            ends_in: Some(36_000_000),
        }
    }
}

/// The box to write in: posts `text`, `op` and `csrf` to `/d/{day}/entries`.
#[derive(Serialize, Clone)]
pub struct Composer {
    /// Day it writes on, ISO.
    pub day: String,
    /// Fresh random id (16 to 32 hex digits) that makes a repeat harmless.
    pub op: String,
    /// Text in the box: the draft, or what was refused.
    pub text: String,
    /// One sentence on why it was not saved.
    pub error: Option<String>,
    /// `idle`, `dirty`, `saving`, `saved` or `failed`: `idle` for an empty box, `dirty` for a draft, `saved` after
    /// an entry was saved, `failed` with an error.
    pub state: &'static str,
    /// Most characters an entry holds.
    pub max_chars: usize,
    /// What became of a text, as in `Saved 14:03` or `Draft kept`.
    pub status: Option<String>,
    /// Which draft the box holds.
    pub draft: Option<i64>,
    /// The next of the drafts that other boxes left, and how many they are.
    pub other_draft: Option<(i64, usize)>,
}

impl Composer {
    /// A composer in each state, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let idle = Self {
            day: "2026-11-22".to_owned(),
            op: "8f14e45fceea167a".to_owned(),
            text: String::new(),
            error: None,
            state: "idle",
            max_chars: 12_000,
            status: None,
            draft: None,
            other_draft: None,
        };
        let draft = Self {
            text: "Half a thought about </textarea> the bridge".to_owned(),
            state: "dirty",
            status: Some("Draft kept".to_owned()),
            draft: Some(1_795_341_600_000),
            other_draft: Some((1_795_341_000_000, 2)),
            ..idle.clone()
        };
        let failed = Self {
            text: "Snow on the bridge.".to_owned(),
            state: "failed",
            error: Some("12001 characters, 1 more than an entry can hold. Nothing was lost.".to_owned()),
            ..idle.clone()
        };
        vec![idle, draft, failed]
    }
}

/// The composer alone: answers an htmx request that could not save (422, 409, 503) with the text still in it.
#[derive(Serialize, Clone)]
pub struct ComposerPart {
    /// Surroundings.
    pub shell: Shell,
    /// The box.
    pub composer: Composer,
}

impl Template for ComposerPart {
    const NAME: &'static str = "entries/_composer.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        Composer::samples()
            .into_iter()
            .map(|composer| Self { shell: Shell::sample("Day"), composer })
            .collect()
    }
}

/// Answers an htmx request that saved: a fresh composer, and the new entry for the end of the list.
#[derive(Serialize, Clone)]
pub struct SavedPart {
    /// Surroundings.
    pub shell: Shell,
    /// A fresh box with a new `op`, state `saved`.
    pub composer: Composer,
    /// The entry that was saved.
    pub entry: EntryItem,
    /// Whether the list already shows it (a repeated `op`): then it is not added again.
    pub repeated: bool,
    /// Whether that entry was moved to the trash since the form was first sent: then its place says so.
    pub trashed: bool,
}

impl Template for SavedPart {
    const NAME: &'static str = "entries/_saved.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let idle = Composer::samples().remove(0);
        EntryItem::samples()
            .into_iter()
            .cycle()
            .zip([(false, false), (true, false), (false, true)])
            .map(|(entry, (repeated, trashed))| Self {
                shell: Shell::sample("Day"),
                composer: Composer { state: "saved", ..idle.clone() },
                entry,
                repeated,
                trashed,
            })
            .collect()
    }
}

impl Template for DayPage {
    const NAME: &'static str = "days/day.html";

    fn samples() -> Vec<Self> {
        let mut composers = Composer::samples().into_iter();
        let composer = composers.next();
        let draft = composers.next();
        let failed = composers.next();
        let model = ModelView::samples().remove(0);
        let full = Self {
            shell: Shell::sample("Day"),
            day: DayHead::sample(),
            entries: EntryItem::samples(),
            composer,
            write_link: None,
            model,
            notice: None,
            flaw: None,
            last_entry: Some(LastEntry::sample()),
            told: SigningIn {
                wrong_tries: Some(WrongTriesView {
                    said: "3 wrong passwords were tried for this name since".to_owned(),
                    day: Some("2026-11-20".to_owned()),
                    time: None,
                }),
                wants_proof: false,
            },
            undo: None,
            opening: OpeningItem::samples().into_iter().next(),
            recap: None,
            is_sample: false,
            has_other_times: true,
        };
        let fresh = SigningIn { wants_proof: true, ..SigningIn::default() };
        let empty = Self { entries: Vec::new(), told: fresh, opening: None, ..full.clone() };
        let past = Self {
            day: DayHead {
                iso: "2026-11-19".to_owned(),
                is_today: false,
                yesterday: Some("2026-11-18".to_owned()),
                tomorrow: Some("2026-11-20".to_owned()),
                prev_written: None,
                next_written: Some("2026-11-22".to_owned()),
                calendar: "/calendar/2026/11?day=2026-11-19".to_owned(),
                is_future: false,
                ends_in: None,
            },
            composer: draft,
            flaw: Some("2 entries of this day are missing.".to_owned()),
            model: ModelView::samples().remove(2),
            recap: Some(RecapItem::samples().remove(0)),
            is_sample: true,
            has_other_times: false,
            ..full.clone()
        };
        let mut refreshing = Self {
            composer: None,
            write_link: Some("/d/2026-11-22?write=1".to_owned()),
            notice: Some("Moved to the trash.".to_owned()),
            undo: Some("01KAMQ0000000000000000000A".to_owned()),
            ..full.clone()
        };
        refreshing.shell.refresh = true;
        let failed = Self { composer: failed, entries: Vec::new(), ..full.clone() };
        let mut future = Self { composer: None, entries: Vec::new(), ..full.clone() };
        future.day = DayHead { is_today: false, is_future: true, ends_in: None, ..future.day };
        vec![full, empty, past, refreshing, failed, future]
    }
}
