//! From what services say of models to what the page shows.

use crate::{
    routes::keys::grouped,
    services::{
        models::{
            NOT_MEASURED,
            listing::{Checksum, InUse, Listed, ModelWork, ModelsState, Standing, Where},
            work::{Doing, Outcome, WorkState},
        },
        size::size,
    },
    web::pages::model::shelf::{ModelRow, ModelsView, OutcomeView, WorkLine, WorkView},
};

/// All models.
pub fn models(state: ModelsState) -> ModelsView {
    let may_change = state.no_changes.is_none();
    let rows = |listed: Vec<Listed>| listed.into_iter().map(row).collect();
    ModelsView {
        machine: machine(&state),
        folder: state.folder,
        no_changes: state.no_changes.map(str::to_owned),
        fixed: state.fixed,
        can_measure: may_change && state.used.is_some() && state.work.change.is_none(),
        used: state.used.as_ref().map(facts).unwrap_or_default(),
        here: rows(state.here),
        elsewhere: rows(state.elsewhere),
        away: rows(state.away),
        begun: state.begun.into_iter().map(|(file, bytes)| (file, size(bytes))).collect(),
        work: work(state.work, may_change),
    }
}

fn machine(state: &ModelsState) -> String {
    let memory = match state.memory {
        Some(bytes) => format!("This machine has {} of memory", size(bytes)),
        None => "How much memory this machine has is not known".to_owned(),
    };
    let threads = match state.threads {
        1 => "a model takes one thread".to_owned(),
        threads => format!("a model takes up to {threads} threads"),
    };
    let free = state.free.map(|bytes| format!(" {} are free where models are kept.", size(bytes)));
    format!("{memory}; {threads}.{}", free.unwrap_or_default())
}

/// The model that answers, fact by fact.
fn facts(used: &InUse) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Model", used.name.clone())];
    if let Some(listed) = &used.listed {
        let licence = listed.licence.as_deref().unwrap_or("licence not known");
        facts.push(("File", format!("{}, {licence}", size(listed.bytes))));
    }
    facts.push(("Good for", used.ability.to_owned()));
    facts.push(("Context", format!("{} tokens at a time", grouped(u64::from(used.context)))));
    let digest = &used.sha256[..8];
    let checksum = match used.listed.as_ref().map(|listed| listed.checksum) {
        Some(Checksum::Listed) => format!("{digest}\u{2026}, as it stands in the program\u{2019}s list"),
        Some(Checksum::Remembered) => format!("{digest}\u{2026}, as when the file was first seen"),
        _ => format!("{digest}\u{2026}, with nothing to compare it with"),
    };
    facts.push(("Checksum", checksum));
    let speed = match &used.wait {
        None => capital(NOT_MEASURED),
        Some(wait) if used.is_measured => format!("A usual reply takes {wait} here, as measured"),
        Some(wait) => format!("A usual reply takes {wait} here, going by the latest ones"),
    };
    facts.push(("Speed", speed));
    facts
}

fn row(listed: Listed) -> ModelRow {
    let mut facts = vec![size(listed.bytes)];
    match &listed.place {
        Where::Program => facts.push("inside the program".to_owned()),
        Where::Shelf => facts.push("in the folder of models".to_owned()),
        Where::Folder(folder) => facts.push(format!("in {}", folder.display())),
        Where::Elsewhere | Where::Away { .. } => {}
    }
    facts.extend(listed.licence.clone());
    facts.extend(listed.context.map(|context| format!("trained on {} tokens", grouped(u64::from(context)))));
    facts.extend(listed.memory_gb.map(|gb| format!("for machines with {gb} GB")));
    let mut fit = vec![capital(listed.fit.words())];
    if !listed.has_room {
        fit.push("There is too little room on the disk".to_owned());
    }
    fit.extend(listed.speed.map(|speed| capital(&speed.words())));
    let (begun, host) = match &listed.place {
        Where::Away { begun, host } => (begun.map(size), Some(host.clone())),
        _ => (None, None),
    };
    let is_away = host.is_some();
    let is_used = matches!(listed.standing, Standing::Answers | Standing::Waits);
    ModelRow {
        checksum: match listed.checksum {
            Checksum::Listed if is_away => "Its checksum is known and will be compared.",
            Checksum::Listed => "Its checksum stands in the program\u{2019}s list.",
            Checksum::Remembered => "Its checksum was remembered when it was first seen.",
            Checksum::Unknown if is_away => "Its checksum is not in the list: what comes is remembered.",
            Checksum::Unknown => "It has not been looked through yet.",
        }
        .to_owned(),
        name: listed.name,
        file: listed.file,
        title: listed.title,
        facts: facts.join(", "),
        good_for: listed.good_for.map(|good_for| capital(&good_for)),
        fit: fit.join(". ") + ".",
        is_used,
        is_failed: listed.standing == Standing::Fails,
        state: match listed.standing {
            Standing::Rests => None,
            Standing::Answers => Some("answers now"),
            Standing::Waits => Some("is not loaded yet"),
            Standing::Fails => Some("does not answer"),
        },
        is_fitting: listed.fit.is_fitting(),
        begun,
        host,
        has_room: listed.has_room,
        can_remove: listed.place == Where::Shelf && !is_used,
        can_verify: !is_away && listed.place != Where::Elsewhere,
    }
}

/// What is being done, and what came of the last.
pub fn work(work: ModelWork, may_change: bool) -> WorkView {
    let line = |kind, state: Option<WorkState>| state.map(|state| line(kind, &state));
    let lines = [line("change", work.change), line("files", work.files)];
    let outcome = |outcome: Outcome| OutcomeView {
        is_error: outcome.is_error,
        sentence: outcome.sentence,
        go_on: outcome.go_on,
        usable: outcome.usable,
    };
    WorkView {
        lines: lines.into_iter().flatten().collect(),
        outcomes: work.outcomes.into_iter().map(outcome).collect(),
        may_change,
    }
}

fn line(kind: &'static str, state: &WorkState) -> WorkLine {
    let WorkState { doing, name, done, all, .. } = state;
    let verb = match doing {
        Doing::Fetching => "Fetching",
        Doing::Adding => "Copying",
        Doing::Verifying => "Reading through",
        Doing::Removing => "Removing",
        Doing::Changing => "Loading",
        Doing::Measuring => "Measuring",
    };
    let said = match (doing, all) {
        _ if state.is_stopping => "It is being stopped.".to_owned(),
        (Doing::Changing, _) => {
            "A reply that runs is finished first; the one before stays until this one is there.".to_owned()
        }
        (Doing::Measuring, all) => {
            format!("{done} of {} numbers of threads. Replies go first.", all.unwrap_or(0))
        }
        (Doing::Removing, _) => "This takes a moment.".to_owned(),
        (_, None) if *done == 0 => "Waiting for the first bytes.".to_owned(),
        (_, None) => format!("{}{}", size(*done), speed(state)),
        (_, Some(all)) => format!("{} of {}{}", size(*done), size(*all), speed(state)),
    };
    WorkLine {
        kind,
        title: format!("{verb} {name}"),
        said,
        done: *done,
        all: all.unwrap_or(0),
        can_stop: !matches!(doing, Doing::Changing | Doing::Removing) && !state.is_stopping,
    }
}

/// `, 3.1 MB a second, about 4 minutes left`
fn speed(state: &WorkState) -> String {
    let Some(rate) = state.per_second else { return String::new() };
    let left = state.words_left().map(|left| format!(", {left} left")).unwrap_or_default();
    format!(", {} a second{left}", size(rate as u64))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
