//! From what services return to what templates show.

use crate::{
    journal::{
        day,
        entry::{Entry, Given, LeftOut, MAX_CHARS, Provenance},
    },
    routes::drafts,
    services::{entries::EntryView, replies::ReplyView, sessions::Session},
    web::{
        call::Call,
        changes::changes,
        form::Form,
        markdown::{self, SanitizedHtml},
        pages::{
            ModelView,
            days::Composer,
            entries::{EntryItem, ReplyItem},
            traces::ChipsItem,
            versions::VersionItem,
        },
    },
};

/// An entry with its replies.
pub fn entry_item(call: &Call, session: &Session, view: &EntryView) -> EntryItem {
    let EntryView { entry, replies, traces, draft } = view;
    let model = call.services().model_for_entry(session, entry);
    let upstream = call.services().upstream(session).filter(|upstream| upstream.is_allowed);
    let is_loading = model.state == "loading";
    let can_answer = is_loading || model.state == "ready";
    let wait = call.services().usual_wait().filter(|_| upstream.is_none() || entry.never_send);
    let is_answering = replies.iter().any(|reply| reply.state.is_running());
    EntryItem {
        id: entry.id.to_string(),
        day: entry.day.to_string(),
        clock: call.services().clock_of(session, entry.created),
        created_iso: moment(entry.created),
        revision: entry.revision,
        html: markdown::tasks::render_tickable(&entry.text, &format!("/entries/{}/tasks", entry.id)),
        edited: entry.revision > 1,
        replies: replies
            .iter()
            .map(|reply| reply_item(reply, can_answer && !is_loading && !is_answering))
            .collect(),
        can_ask: can_answer && !is_answering,
        ask_note: is_loading.then(|| "The model is loading".to_owned()),
        ask_wait: wait.filter(|_| model.state == "ready").map(|wait| format!("{wait} on this machine")),
        never_send: entry.never_send,
        sends_to: upstream.map(|upstream| upstream.host),
        chips: ChipsItem::of(&entry.id.to_string(), traces),
        draft: draft.map(|saved| (saved, drafts::moment(call, session, saved))),
    }
}

/// A reply: rendered when it has ended, plain text while it runs.
pub fn reply_item(view: &ReplyView, can_retry: bool) -> ReplyItem {
    let running = view.state.is_running();
    let made_by = view.entry.made_by.as_ref();
    let html = if running { SanitizedHtml::empty() } else { markdown::render_machine(&view.text) };
    ReplyItem {
        id: view.entry.id.to_string(),
        entry_id: view.entry.reply_to.map(|id| id.to_string()).unwrap_or_default(),
        state: view.state.as_str(),
        html,
        text_so_far: if running { view.text.clone() } else { String::new() },
        position: view.position,
        last_event: view.last_event,
        model: made_by.map(|made_by| made_by.model.clone()),
        sent_to: made_by.and_then(sent_to),
        note: view.note.clone(),
        days: if running {
            Vec::new()
        } else {
            made_by.map(|made_by| days(&made_by.given)).unwrap_or_default()
        },
        about: if running { Vec::new() } else { made_by.map(about).unwrap_or_default() },
        running,
        can_retry: can_retry && !running,
        chips: ChipsItem::of(&view.entry.id.to_string(), &view.traces),
    }
}

fn days(given: &Given) -> Vec<String> {
    given.days.iter().map(ToString::to_string).collect()
}

/// How a reply was made, in sentences.
fn about(made_by: &Provenance) -> Vec<String> {
    let Provenance { model, sha256, settings, given } = made_by;
    let checksum: String = sha256[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let checksum = if *sha256 == [0; 32] { String::new() } else { format!(" (checksum {checksum})") };
    let mut about = vec![format!("Made by {model}{checksum}, {settings}.")];
    if !given.wish.is_empty() {
        about.push(format!("You wished: {}.", given.wish));
    }
    let LeftOut { texts, passages, is_shortened } = given.left_out;
    if given.is_cut {
        about.push("The model began to repeat itself and was cut there.".to_owned());
    }
    if is_shortened {
        about.push("The entry was too long for the model: it did not see its middle.".to_owned());
    }
    match texts {
        0 => {}
        1 => about.push("One earlier text had no room and was not shown to the model.".to_owned()),
        _ => about.push(format!("{texts} earlier texts had no room and were not shown to the model.")),
    }
    match passages {
        0 => {}
        1 => about.push("One passage of another day had no room.".to_owned()),
        _ => about.push(format!("{passages} passages of other days had no room.")),
    }
    about
}

/// A text of an entry, and what was changed to come to it from the one before.
pub fn version_item(entry: &Entry, before: Option<&Entry>, is_current: bool) -> VersionItem {
    let zone = day::zone(&entry.zone).or_else(|| day::zone("UTC"));
    let when = zone.map(|zone| {
        let (_, clock) = day::wall_clock(entry.updated, &zone);
        (day::Day::at(entry.updated, &zone).to_string(), clock)
    });
    VersionItem {
        n: entry.revision,
        when,
        current: is_current,
        changes: before.map(|before| changes(&before.text, &entry.text)).unwrap_or_default(),
        html: markdown::render(&entry.text),
    }
}

/// An empty box to write in, or one with a draft.
pub fn composer(call: &Call, day: day::Day, draft: Option<String>) -> Composer {
    Composer {
        day: day.to_string(),
        op: call.services().fresh_op(),
        state: if draft.is_some() { "dirty" } else { "idle" },
        status: draft.as_ref().map(|_| "Draft kept".to_owned()),
        text: draft.unwrap_or_default(),
        error: None,
        max_chars: MAX_CHARS,
        draft: None,
        other_draft: None,
    }
}

/// A box with the text of a form that was not saved, and why. The `op` stays, so that a later save is still the same
/// one, and so does the draft that the box holds, which goes with that save.
pub fn refused(call: &Call, day: day::Day, form: &Form, sentence: &str) -> Composer {
    Composer {
        op: op(call, form),
        text: form.text("text").to_owned(),
        draft: form.text("draft").parse().ok(),
        error: Some(sentence.to_owned()),
        state: "failed",
        ..composer(call, day, None)
    }
}

/// The `op` of a form that is shown again; a fresh one where it has none.
pub fn op(call: &Call, form: &Form) -> String {
    let op = form.text("op");
    if op.is_empty() { call.services().fresh_op() } else { op.to_owned() }
}

/// How the model is.
pub fn model_view(call: &Call, session: &Session) -> ModelView {
    let model = call.services().model_for(session);
    ModelView { state: model.state, name: model.name, sentence: model.sentence, is_said: false }
}

/// The host that answered, when it was another program: such a reply names no checksum, and a host after its model.
fn sent_to(made_by: &Provenance) -> Option<String> {
    let (_, host) = made_by.model.rsplit_once(" at ").filter(|_| made_by.sha256 == [0; 32])?;
    Some(host.to_owned())
}

fn moment(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map(|moment| moment.to_string()).unwrap_or_default()
}
