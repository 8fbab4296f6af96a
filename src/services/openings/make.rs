//! Making an opening: of the writer's own sentences, and by a model where one is able to.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Given, Provenance, Role},
        ids::EntryId,
    },
    llm::{GenRequest, prompt, shape::Shape},
    search::{
        opening::{Lead, Page, rests_on},
        plain::plain,
        recap,
        vectors::dot,
    },
    services::{
        Failure, Services,
        days::readable,
        openings::{Line, Making, OWN, Shown, shown},
        passages::own_entries,
        sample,
        sessions::{User, guard},
    },
    vault::{days, error::VaultError, openings, transaction::Reader},
};

/// After so many days without writing only the last written day is spoken of.
const GAP: i32 = 5;
/// Written days further back than this are not spoken of beside the last one.
const REACH: i32 = 7;
/// Written days that are looked at.
const MOST_DAYS: usize = 3;
/// Days that are quoted, and sentences of each.
const QUOTED: [usize; 2] = [2, 1];
/// Characters of a day that are looked at.
const MOST_CHARS: usize = 24_000;
const MOST: u8 = 3;
const SHAPE: Shape = Shape::Sentences { most: MOST, chars: 220 };
/// A sentence that lies less near to every one of its day says something else.
const NEAR_ENOUGH: f32 = 0.3;
/// A model that is not done by then is not waited for.
const LIMIT: Duration = Duration::from_secs(60);
/// How freely a model words another opening: the likeliest words would be those of the first.
const ANOTHER: f32 = 0.8;

/// A day with its candidates for quotations and their vectors.
struct Told {
    page: Page,
    sentences: Vec<String>,
    vectors: Vec<Vec<f32>>,
    /// Whether the vectors are those of the embedder.
    has_meaning: bool,
}

/// Takes what is being made away when it has come to its end, whatever that was.
struct Turn(Arc<User>);

impl Drop for Turn {
    fn drop(&mut self) {
        *guard(&self.0.openings.making) = None;
        self.0.openings.tell();
    }
}

impl Services {
    /// Begins to make the opening of today, unless one is being made.
    pub(super) fn make_opening(self: &Arc<Self>, user: &Arc<User>, day: Day, replaces: bool) {
        let making =
            Arc::new(Making { day, replaces, lines: Mutex::default(), is_unwanted: AtomicBool::new(false) });
        {
            let mut place = guard(&user.openings.making);
            if place.is_some() {
                return;
            }
            *place = Some(Arc::clone(&making));
        }
        let (services, turn) = (Arc::clone(self), Turn(Arc::clone(user)));
        self.tasks.spawn(async move {
            let mut locked = turn.0.locked.clone();
            tokio::select! {
                made = services.make_it(&turn.0, &making) => if made.is_err() {
                    tracing::warn!("an opening could not be made; it can be asked for again");
                    *guard(&turn.0.openings.tried) = Some(making.day);
                },
                () = locked.wait() => {}
            }
        });
    }

    async fn make_it(&self, user: &Arc<User>, making: &Arc<Making>) -> Result<(), Failure> {
        let (pages, said) = self.pages(user, making).await?;
        let mut told = Vec::new();
        for page in pages {
            let sentences = recap::sentences(&page.texts);
            let vectors = self.sentence_vectors(&sentences).await;
            let has_meaning = vectors.is_some();
            let vectors = vectors.unwrap_or_else(|| recap::word_vectors(&sentences));
            told.push(Told { page, sentences, vectors, has_meaning });
        }
        let own = quotations(&told, making.day, &said);
        let maker = Provenance {
            model: OWN.to_owned(),
            sha256: [0; 32],
            settings: "chosen on this machine".to_owned(),
            given: Given::default(),
        };
        let (lines, maker) = self.say_better(user, making, &told, &said).await.unwrap_or((own, maker));
        if lines.is_empty() {
            *guard(&user.openings.tried) = Some(making.day);
            return Ok(());
        }
        self.keep_opening(user, making, &told, lines, maker).await
    }

    /// The days an opening may speak of, the latest first, and what the one before said if it is to be another.
    async fn pages(&self, user: &Arc<User>, making: &Making) -> Result<(Vec<Page>, String), Failure> {
        let (user, today, replaces) = (Arc::clone(user), making.day, making.replaces);
        let read = blocking::db(move || {
            user.vault.read(|r| {
                let before = if replaces { openings::get(r, today)? } else { None };
                let mut pages = Vec::new();
                for day in spoken_of(today, past(r, today, MOST_DAYS)?) {
                    let texts = texts_of(r, day)?;
                    if !texts.is_empty() {
                        pages.push(Page::new(day, today, texts));
                    }
                }
                Ok((pages, before.map_or_else(String::new, |before| before.text)))
            })
        });
        Ok(read.await??)
    }

    /// What a model that is able to makes of it, told as it comes; `None` when there is none, when it was stopped or
    /// failed, or when nothing of what it said has support.
    async fn say_better(
        &self,
        user: &Arc<User>,
        making: &Making,
        told: &[Told],
        said: &str,
    ) -> Option<(Vec<Line>, Provenance)> {
        let model = self.capable().filter(|_| !told.is_empty())?;
        let room = model.context.saturating_sub(SHAPE.max_tokens()) as usize;
        let pages: Vec<(Day, &[String])> =
            told.iter().map(|one| (one.page.day, one.page.texts.as_slice())).collect();
        let messages = prompt::opening(&self.prompts, making.day, MOST, &pages, model.ability, room).ok()?;
        let mut request = GenRequest::shaped(messages, SHAPE);
        if making.replaces {
            request.temperature = ANOTHER;
            request.seed = u32::from_le_bytes(*self.clock.id_random().first_chunk::<4>()?);
        }
        let settings = request.settings();
        let is_wanted = || {
            !making.is_unwanted.load(Ordering::SeqCst)
                && user.running.is_idle()
                && !user.model_is_off.load(Ordering::SeqCst)
        };
        let (send, sentences) = unbounded_channel::<Vec<String>>();
        let (asked, is_wanted) = (&model, &is_wanted);
        let written = async move {
            // Lines that are whole: the last one may go on.
            let tell = |said: &str| {
                let whole = said.rfind('\n').map_or("", |end| &said[..end]);
                let _ = send.send(SHAPE.parse(whole, true));
            };
            let written = self.written_aloud(asked, SHAPE, user, request, is_wanted, &tell);
            let written = tokio::time::timeout(LIMIT, written).await.ok().flatten()?;
            send.send(written).ok()
        };
        let (is_whole, lines) = tokio::join!(written, self.check_said(user, making, told, said, sentences));
        is_whole?;
        let made = Provenance { model: model.name, sha256: model.sha256, settings, given: Given::default() };
        (!lines.is_empty()).then_some((lines, made))
    }

    /// Keeps of the sentences that come those with support, each with its day, and tells them.
    async fn check_said(
        &self,
        user: &User,
        making: &Making,
        told: &[Told],
        said: &str,
        mut sentences: UnboundedReceiver<Vec<String>>,
    ) -> Vec<Line> {
        let (mut n_seen, mut lines) = (0, Vec::new());
        while let Some(all) = sentences.recv().await {
            for sentence in all.into_iter().skip(n_seen) {
                n_seen += 1;
                if said.contains(&sentence) {
                    continue;
                }
                let Some(day) = self.day_of_sentence(told, &sentence).await else { continue };
                lines.push(Line { day: Some(day), text: sentence });
                guard(&making.lines).clone_from(&lines);
                user.openings.tell();
            }
        }
        lines
    }

    /// The day a sentence of a model rests on, by what it names and by what it means.
    async fn day_of_sentence(&self, told: &[Told], sentence: &str) -> Option<Day> {
        // Only the best day counts: a sentence that fits two is about one of them.
        let supported: Vec<&Told> = told.iter().filter(|one| one.page.support(sentence).is_some()).collect();
        let vector = match supported.iter().any(|one| one.has_meaning) {
            true => self.sentence_vectors(&[sentence.to_owned()]).await.and_then(|mut one| one.pop()),
            false => None,
        };
        let is_near = |one: &Told| match (&vector, one.has_meaning) {
            (Some(vector), true) => one.vectors.iter().any(|own| dot(vector, own) >= NEAR_ENOUGH),
            _ => true,
        };
        let near = supported.into_iter().filter(|one| is_near(one)).map(|one| &one.page);
        // Words of the day as the writer said them are better as a quotation.
        let is_own = told.iter().any(|one| one.sentences.iter().any(|own| own == sentence));
        rests_on(near, sentence).filter(|_| !is_own)
    }

    /// Keeps an opening, unless it was dismissed, somebody else was first, or a day it speaks of has changed meanwhile.
    async fn keep_opening(
        &self,
        user: &Arc<User>,
        making: &Arc<Making>,
        told: &[Told],
        lines: Vec<Line>,
        mut made_by: Provenance,
    ) -> Result<(), Failure> {
        made_by.given.days = lines.iter().filter_map(|line| line.day).collect();
        let is_cited = |one: &&Told| made_by.given.days.contains(&one.page.day);
        let cited: Vec<(Day, Vec<String>)> =
            told.iter().filter(is_cited).map(|one| (one.page.day, one.page.texts.clone())).collect();
        let text = lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
        let opening = self.new_opening(user, making.day, text, made_by);
        let (keep, making) = (Arc::clone(user), Arc::clone(making));
        blocking::db(move || {
            keep.vault.write(|w| {
                for (day, texts) in &cited {
                    if texts_of(w, *day)? != *texts {
                        return Ok(());
                    }
                }
                let is_unwanted =
                    making.is_unwanted.load(Ordering::SeqCst) || keep.model_is_off.load(Ordering::SeqCst);
                if !is_unwanted && openings::keep(w, &opening, making.replaces)? {
                    shown::set(w, opening.day, Shown::Open)?;
                }
                Ok(())
            })
        })
        .await??;
        self.wrote();
        self.nudge(user);
        Ok(())
    }

    fn new_opening(&self, user: &User, day: Day, text: String, made_by: Provenance) -> Entry {
        let now = self.clock.now_ms();
        let (zone_name, zone) = user.zone();
        let id = EntryId::from_parts(now, self.clock.id_random());
        let opening = Entry::written(id, day, now, (zone_name, &zone), text);
        Entry { role: Role::Opening, made_by: Some(made_by), ..opening }
    }
}

/// Of the days written on before `today`, the latest first, those that an opening speaks of: after days without
/// writing the last one alone.
fn spoken_of(today: Day, mut written: Vec<Day>) -> Vec<Day> {
    let age = |day: &Day| today.number() - day.number();
    match written.first() {
        Some(last) if age(last) > GAP => written.truncate(1),
        _ => written.retain(|day| age(day) <= REACH),
    }
    written
}

/// Lines that quote the last days; what was `said` before only where there is nothing else.
fn quotations(told: &[Told], today: Day, said: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (idx, one) in told.iter().enumerate() {
        let Some(most) = QUOTED.get(lines.len()) else { break };
        let fresh: Vec<usize> = (0..one.sentences.len())
            .filter(|sentence| !said.contains(&recap::cut(&one.sentences[*sentence])))
            .collect();
        let open = if fresh.is_empty() { (0..one.sentences.len()).collect() } else { fresh };
        // A sentence about "him" says little where nobody was named before it.
        let alone: Vec<usize> =
            open.iter().copied().filter(|idx| one.page.stands_alone(&one.sentences[*idx])).collect();
        let open = if alone.is_empty() { open } else { alone };
        let sentences: Vec<String> = open.iter().map(|idx| one.sentences[*idx].clone()).collect();
        let vectors: Vec<Vec<f32>> = open.iter().map(|idx| one.vectors[*idx].clone()).collect();
        let mut chosen = recap::choose(&sentences, &vectors);
        chosen.truncate(*most);
        if chosen.is_empty() {
            continue;
        }
        let lead = match idx {
            _ if one.page.day.next() == Some(today) => Lead::Yesterday,
            0 => Lead::Last,
            _ if lines.is_empty() => Lead::Then,
            _ => Lead::Before,
        };
        lines.push(Line { day: Some(one.page.day), text: one.page.quote(lead, &chosen) });
    }
    lines
}

/// The last days before `today` that the writer wrote on, the latest first. The sample day is none of them.
pub(super) fn past(r: &Reader<'_>, today: Day, most: usize) -> Result<Vec<Day>, VaultError> {
    let sample = readable(sample::ids(r))?.unwrap_or_default();
    let mut written = days::written_before(r, today, if sample.is_empty() { most } else { most + 1 })?;
    if let Some(last) = written.first().copied().filter(|_| !sample.is_empty())
        && own_entries(r, last)?.iter().all(|entry| sample.contains(&entry.id))
    {
        written.remove(0);
    }
    written.truncate(most);
    Ok(written)
}

/// Plain texts of what the writer wrote on a day, in order, as far as they are looked at.
pub(super) fn texts_of(r: &Reader<'_>, day: Day) -> Result<Vec<String>, VaultError> {
    let sample = readable(sample::ids(r))?.unwrap_or_default();
    let mut room = MOST_CHARS;
    let mut texts = Vec::new();
    for entry in own_entries(r, day)?.into_iter().filter(|entry| !sample.contains(&entry.id)) {
        let text: String = plain(&entry.text).chars().take(room).collect();
        room -= text.chars().count();
        if !text.trim().is_empty() {
            texts.push(text);
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(days: &[&str]) -> Vec<String> {
        let today = "2026-11-22".parse().expect("a day");
        let days = days.iter().map(|day| day.parse().expect("a day")).collect();
        spoken_of(today, days).iter().map(Day::to_string).collect()
    }

    #[test]
    fn after_five_days_without_writing_only_the_last_written_day_is_spoken_of() {
        assert_eq!(spoken(&["2026-11-21", "2026-11-20", "2026-11-17"]).len(), 3);
        assert_eq!(spoken(&["2026-11-21", "2026-11-14"]), ["2026-11-21"]);
        assert_eq!(spoken(&["2026-11-17", "2026-11-16"]).len(), 2, "four days without writing");
        assert_eq!(spoken(&["2026-11-16", "2026-11-15"]), ["2026-11-16"], "five days without writing");
        assert_eq!(spoken(&["2024-02-29"]), ["2024-02-29"]);
        assert_eq!(spoken(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_quotation_stands_alone_where_one_of_the_day_does() {
        let today = "2026-11-22".parse().expect("a day");
        let quoted = |text: &str| {
            let page = Page::new("2026-11-21".parse().expect("a day"), today, vec![text.to_owned()]);
            let sentences = recap::sentences(&page.texts);
            let vectors = recap::word_vectors(&sentences);
            let told = [Told { page, sentences, vectors, has_meaning: false }];
            quotations(&told, today, "").remove(0).text
        };
        let text = "He painted the garden gate green. The garden gate was painted green by Jonas.";
        assert!(
            quoted(text).contains("by Jonas") && !quoted(text).contains("He painted"),
            "{}",
            quoted(text)
        );
        assert!(quoted("He painted the garden gate green.").contains("He painted"), "better than nothing");
    }
}
