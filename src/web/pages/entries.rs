//! Contexts of entries and their replies.

use serde::Serialize;

use crate::web::{
    markdown::{self, SanitizedHtml},
    pages::{Shell, traces::ChipsItem},
    view::Template,
};

/// One entry with its replies. `id="entry-{id}"`, `data-entry-id`.
#[derive(Serialize, Clone)]
pub struct EntryItem {
    /// Identifier.
    pub id: String,
    /// Day it stands on, ISO.
    pub day: String,
    /// Wall clock of its creation, `14:03`.
    pub clock: String,
    /// The same moment in RFC 3339, for `<time datetime>`.
    pub created_iso: String,
    /// Counts from 1, one more with each edit.
    pub revision: u32,
    /// The text, rendered.
    pub html: SanitizedHtml,
    /// Whether it was edited; draws a link to its versions.
    pub edited: bool,
    /// Replies, in order.
    pub replies: Vec<ReplyItem>,
    /// Whether "Ask for a reply" is drawn.
    pub can_ask: bool,
    /// Why it cannot be pressed yet, in a few words; the button says this until it can.
    pub ask_note: Option<String>,
    /// How long a reply usually takes here, once that is known.
    pub ask_wait: Option<String>,
    /// It is never sent to another program.
    pub never_send: bool,
    /// Host of the other program that answers this person, when one is allowed; draws the switch for `never_send`.
    pub sends_to: Option<String>,
    /// Its traces.
    pub chips: ChipsItem,
    /// A draft of its next text: which one, and when it was kept in words.
    pub draft: Option<(i64, String)>,
}

/// One reply of the model. `id="reply-{id}"`, `data-reply-id`, `data-state`; events at `/replies/{id}/events`.
#[derive(Serialize, Clone)]
pub struct ReplyItem {
    /// Identifier.
    pub id: String,
    /// The entry it answers.
    pub entry_id: String,
    /// `queued`, `reading`, `streaming`, `complete`, `stopped`, `failed` or `interrupted`.
    pub state: &'static str,
    /// The final text, rendered; empty while it runs.
    pub html: SanitizedHtml,
    /// Text so far, while it runs; shown as plain text.
    pub text_so_far: String,
    /// Place in the queue, from 1, while queued.
    pub position: Option<usize>,
    /// Id of the last event contained in `text_so_far`: following goes on after it.
    pub last_event: u64,
    /// Name of the model.
    pub model: Option<String>,
    /// Host of the other program that it was sent to.
    pub sent_to: Option<String>,
    /// One sentence for `stopped`, `failed` and `interrupted`.
    pub note: Option<String>,
    /// The days it drew on, ISO.
    pub days: Vec<String>,
    /// Sentences on how it was made.
    pub about: Vec<String>,
    /// Whether it still runs.
    pub running: bool,
    /// Whether another one can be asked for now.
    pub can_retry: bool,
    /// Its traces.
    pub chips: ChipsItem,
}

/// An entry alone: `GET /entries/{id}` as a fragment, after an edit, a restore, or after asking.
#[derive(Serialize, Clone)]
pub struct EntryPart {
    /// Surroundings.
    pub shell: Shell,
    /// The entry.
    pub entry: EntryItem,
}

/// A reply alone: `GET /replies/{id}` as a fragment, when a stream is done, and after stopping.
#[derive(Serialize, Clone)]
pub struct ReplyPart {
    /// Surroundings.
    pub shell: Shell,
    /// The reply.
    pub reply: ReplyItem,
}

/// `GET /entries/{id}` as a page.
#[derive(Serialize, Clone)]
pub struct EntryPage {
    /// Surroundings.
    pub shell: Shell,
    /// The entry.
    pub entry: EntryItem,
}

/// `GET /entries/{id}/edit`, and the answer to a refused edit. Posts `text`, `revision`, `csrf` to `/entries/{id}`.
#[derive(Serialize, Clone)]
pub struct EditPage {
    /// Surroundings.
    pub shell: Shell,
    /// The entry.
    pub id: String,
    /// Its day, ISO.
    pub day: String,
    /// The revision this edit starts from.
    pub revision: u32,
    /// Fresh random id that tells this box from others of the same entry.
    pub op: String,
    /// Text in the box.
    pub text: String,
    /// Which draft the box holds.
    pub draft: Option<i64>,
    /// When that was kept, as in `Draft kept 14:03`.
    pub status: Option<String>,
    /// One sentence on why it was not saved.
    pub error: Option<String>,
    /// Set when the entry changed elsewhere in the meantime (409).
    pub conflict: Option<Conflict>,
}

/// The two texts of an edit conflict. The form then carries `current_revision`, and `yours` is in the box.
#[derive(Serialize, Clone)]
pub struct Conflict {
    /// What the journal holds now.
    pub current_text: String,
    /// Its revision.
    pub current_revision: u32,
    /// What the writer wanted to save.
    pub yours: String,
}

/// Stands where an entry was moved to the trash. Answers `POST /entries/{id}/delete` as a fragment.
#[derive(Serialize, Clone)]
pub struct DeletedItem {
    /// Surroundings.
    pub shell: Shell,
    /// The entry.
    pub id: String,
    /// Its day, ISO.
    pub day: String,
}

impl EntryItem {
    /// Entries that reach every branch, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let first = Self {
            id: "018f3c1e9a7b4c2d8e6f001122334455".to_owned(),
            day: "2026-11-22".to_owned(),
            clock: "08:12".to_owned(),
            created_iso: "2026-11-22T08:12:40+01:00".to_owned(),
            revision: 1,
            html: markdown::render(
                "The tram was late and I did not mind. Snow on the bridge, and *nobody* in a hurry.\n\n\
                 Things to carry over:\n\n- [x] call the piano tuner\n- [ ] letter to Jonas\n\n\
                 > Nothing is so much to be feared as fear.\n\nAnd a line\nright beneath it.",
            ),
            edited: false,
            replies: Vec::new(),
            can_ask: true,
            ask_note: None,
            ask_wait: Some("about 9 s on this machine".to_owned()),
            never_send: false,
            sends_to: None,
            chips: ChipsItem::sample("018f3c1e9a7b4c2d8e6f001122334455"),
            draft: None,
        };
        let second = Self {
            id: "018f3c1e9a7b4c2d8e6f001122334466".to_owned(),
            clock: "14:03".to_owned(),
            created_iso: "2026-11-22T14:03:02+01:00".to_owned(),
            revision: 3,
            html: markdown::render("Lunch with Ada. She asks better questions than I have answers for."),
            edited: true,
            replies: ReplyItem::samples(),
            ask_note: Some("The model is loading".to_owned()),
            chips: ChipsItem::of("018f3c1e9a7b4c2d8e6f001122334466", &[]),
            ..first.clone()
        };
        let sends_to = Some("127.0.0.1:8081".to_owned());
        let other = |id: &str| Self { id: id.to_owned(), chips: ChipsItem::of(id, &[]), ..first.clone() };
        let sent = Self {
            sends_to: sends_to.clone(),
            draft: Some((1_795_341_600_000, "14:20".to_owned())),
            ..other("018f3c1e9a7b4c2d8e6f001122334477")
        };
        let kept = Self { never_send: true, sends_to, ..other("018f3c1e9a7b4c2d8e6f001122334488") };
        vec![first, second, sent, kept]
    }
}

impl ReplyItem {
    /// A reply in each state, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let complete = Self {
            id: "018f3c1e9a7b4c2d8e6f0011223344aa".to_owned(),
            entry_id: "018f3c1e9a7b4c2d8e6f001122334466".to_owned(),
            state: "complete",
            html: markdown::render(
                "You wrote about Ada's questions twice this month. What would you ask *her*, if she were the one \
                 who had to answer?",
            ),
            text_so_far: String::new(),
            position: None,
            last_event: 0,
            model: Some("SmolLM2 135M Instruct".to_owned()),
            sent_to: None,
            note: None,
            days: vec!["2026-11-03".to_owned(), "2025-12-24".to_owned()],
            about: vec![
                "Made by SmolLM2 135M Instruct (checksum 1a2b3c4d), temperature 0.6, top_p 0.9, at most 320 tokens."
                    .to_owned(),
                "You wished: shorter.".to_owned(),
            ],
            running: false,
            can_retry: true,
            chips: ChipsItem::sample("018f3c1e9a7b4c2d8e6f0011223344aa"),
        };
        let ended = |n: u8, state, note: &str| Self {
            id: format!("018f3c1e9a7b4c2d8e6f0011223344b{n}"),
            state,
            html: markdown::render("A thought that breaks off"),
            note: Some(note.to_owned()),
            days: Vec::new(),
            about: Vec::new(),
            chips: ChipsItem::of(&format!("018f3c1e9a7b4c2d8e6f0011223344b{n}"), &[]),
            ..complete.clone()
        };
        let running = |n: u8, state, text: &str, position| Self {
            id: format!("018f3c1e9a7b4c2d8e6f0011223344c{n}"),
            state,
            html: SanitizedHtml::empty(),
            text_so_far: text.to_owned(),
            position,
            last_event: u64::from(n),
            days: Vec::new(),
            about: Vec::new(),
            running: true,
            can_retry: false,
            chips: ChipsItem::of(&format!("018f3c1e9a7b4c2d8e6f0011223344c{n}"), &[]),
            ..complete.clone()
        };
        let sent = Self {
            id: "018f3c1e9a7b4c2d8e6f0011223344d0".to_owned(),
            chips: ChipsItem::of("018f3c1e9a7b4c2d8e6f0011223344d0", &[]),
            model: Some("Qwen3-4B at 127.0.0.1:8081".to_owned()),
            sent_to: Some("127.0.0.1:8081".to_owned()),
            ..complete.clone()
        };
        vec![
            complete.clone(),
            sent,
            ended(1, "stopped", "Stopped by you."),
            ended(2, "failed", "The model failed. What it had written is kept."),
            ended(3, "interrupted", "The program ended before the reply did."),
            running(1, "queued", "", Some(2)),
            running(2, "reading", "", None),
            running(3, "streaming", "You wrote about <Ada>", None),
        ]
    }
}

impl Template for EntryPart {
    const NAME: &'static str = "entries/_entry.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        EntryItem::samples().into_iter().map(|entry| Self { shell: Shell::sample("Day"), entry }).collect()
    }
}

impl Template for ReplyPart {
    const NAME: &'static str = "replies/_reply.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        ReplyItem::samples().into_iter().map(|reply| Self { shell: Shell::sample("Day"), reply }).collect()
    }
}

impl Template for EntryPage {
    const NAME: &'static str = "entries/entry.html";
    const PART: Option<&'static str> = Some("entries/_entry.html");

    fn samples() -> Vec<Self> {
        EntryItem::samples().into_iter().map(|entry| Self { shell: Shell::sample("Entry"), entry }).collect()
    }
}

impl Template for EditPage {
    const NAME: &'static str = "entries/edit.html";
    const PART: Option<&'static str> = Some("entries/_edit.html");

    fn samples() -> Vec<Self> {
        let plain = Self {
            shell: Shell::sample("Edit"),
            id: "018f3c1e9a7b4c2d8e6f001122334455".to_owned(),
            day: "2026-11-22".to_owned(),
            revision: 1,
            op: "8f14e45fceea167a".to_owned(),
            text: "The tram was late and I did not mind.".to_owned(),
            draft: None,
            status: None,
            error: None,
            conflict: None,
        };
        let empty =
            Self { text: String::new(), error: Some("Nothing was written.".to_owned()), ..plain.clone() };
        let conflict = Self {
            revision: 2,
            text: "The tram was late and I minded.".to_owned(),
            conflict: Some(Conflict {
                current_text: "The tram was early.".to_owned(),
                current_revision: 2,
                yours: "The tram was late and I minded.".to_owned(),
            }),
            ..plain.clone()
        };
        let draft = Self {
            draft: Some(1_795_341_600_000),
            status: Some("Draft kept 14:03".to_owned()),
            ..plain.clone()
        };
        vec![plain, empty, conflict, draft]
    }
}

impl Template for DeletedItem {
    const NAME: &'static str = "entries/_deleted.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        vec![Self {
            shell: Shell::sample("Day"),
            id: "018f3c1e9a7b4c2d8e6f001122334455".to_owned(),
            day: "2026-11-22".to_owned(),
        }]
    }
}
