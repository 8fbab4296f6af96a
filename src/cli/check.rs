//! `llamora check`: the journal file, the folder and this machine. It changes nothing but what opening a journal after
//! a crash repairs.

mod machine;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::{
    app::{self, JOURNAL_FILE, folder::DataFolder},
    cli::{Shared, salvage, secret::SecretArgs},
    clock::{Clock, System},
    config::Flags,
    crypto::memory::Hardening,
    journal::day::{self, Day},
    services::words::{self, Compared},
    store::{Store, error::StoreError, rows::Rows},
    vault::{
        self,
        audit::{self, Audit},
        error::VaultError,
    },
};

/// `llamora check`
#[derive(Args)]
pub struct Check {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    secret: SecretArgs,
    /// Read what is left of a damaged journal and write it to a new one in the folder named by --to
    #[arg(long, requires = "to")]
    salvage: bool,
    /// Data folder for the salvaged journal; it must not hold a journal
    #[arg(long, value_name = "FOLDER", requires = "salvage")]
    to: Option<PathBuf>,
}

/// How serious a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; the command still succeeds.
    Note,
    /// Something to act on; the command fails.
    Bad,
}

/// One finding. Field names and the words of `state` are stable: scripts read them.
#[derive(Serialize)]
pub(in crate::cli) struct Finding {
    what: &'static str,
    state: State,
    said: String,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    folder: String,
    ok: bool,
    findings: &'a [Finding],
}

impl Finding {
    pub(in crate::cli) fn ok(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, state: State::Ok, said: said.into() }
    }

    pub(in crate::cli) fn note(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, state: State::Note, said: said.into() }
    }

    pub(in crate::cli) fn bad(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, state: State::Bad, said: said.into() }
    }
}

impl Check {
    /// Checks and prints, or salvages.
    ///
    /// # Errors
    /// When anything is not as it should be.
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    pub fn run(self, shared: &Shared, hardening: &[Hardening]) -> anyhow::Result<()> {
        let (folder, config, _) = shared.settle(&Flags::default())?;
        let journal = folder.path().join(JOURNAL_FILE);
        if let Some(to) = self.to.filter(|_| self.salvage) {
            return salvage::run(&journal, &to, &self.secret);
        }
        let secret = self.secret.ask()?;
        let now = System.now_ms();
        let mut findings = Vec::new();
        check_journal(&folder, &journal, secret.as_ref(), now, &mut findings);
        findings.extend(machine::permissions(folder.path(), &journal));
        findings.push(machine::free_space(folder.path(), &journal));
        findings.push(machine::clock(&journal, now));
        findings.push(machine::last_backup(folder.path(), now));
        findings.push(match app::keeping::keeps_sessions(&config, &folder) {
            Ok(true) => Finding::ok("sign-ins", "browsers may stay signed in over a restart"),
            Ok(false) => Finding::ok("sign-ins", "end with the program"),
            Err(reason) => Finding::note("sign-ins", reason),
        });
        findings.extend(machine::swap());
        findings.extend(hardening.iter().map(|measure| match measure.done {
            true => Finding::ok(measure.measure, "on"),
            false => Finding::bad(measure.measure, "not available on this machine"),
        }));
        let n_bad = findings.iter().filter(|finding| finding.state == State::Bad).count();
        if self.json {
            let report = Report {
                version: env!("CARGO_PKG_VERSION"),
                folder: folder.path().display().to_string(),
                ok: n_bad == 0,
                findings: &findings,
            };
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            for Finding { what, state, said } in &findings {
                let word = match state {
                    State::Ok => "ok",
                    State::Note => "note",
                    State::Bad => "BAD",
                };
                println!("{word:<4} {what:<32} {said}");
            }
        }
        anyhow::ensure!(n_bad == 0, "{n_bad} of {} checks failed; what to do stands above", findings.len());
        Ok(())
    }
}

/// The file: format before anything else, then pages, then the rows that open it, then what a secret shows.
fn check_journal(
    folder: &DataFolder,
    journal: &Path,
    secret: Option<&audit::Secret>,
    now: i64,
    findings: &mut Vec<Finding>,
) {
    let what = "journal file";
    if journal.symlink_metadata().is_err() {
        findings.push(Finding::note(what, "none yet"));
        return;
    }
    if let Err(error) = vault::refuse_newer(journal) {
        findings.push(Finding::bad("format", format!("{error}; nothing was changed")));
        return;
    }
    let store = match Store::open(journal) {
        Ok(store) => store,
        Err(StoreError::Busy) => {
            let who = app::running::other(folder.path()).map(|who| format!(" ({who})")).unwrap_or_default();
            let said =
                format!("open in a running llamora{who}, which looks after it; stop it to check the pages");
            findings.push(Finding::note(what, said));
            return;
        }
        // The same again, for its words.
        Err(_) => {
            let said = app::open_store(folder).map_or_else(|error| format!("{error:#}"), |_| String::new());
            findings.push(Finding::bad(what, said));
            return;
        }
    };
    if store.is_read_only() {
        findings.push(Finding::bad(what, "can only be read: it cannot be written, or its disk is full"));
    }
    findings.push(match store.check() {
        Ok(true) => Finding::ok(what, format!("whole, {} KB", store.size().div_ceil(1024))),
        Ok(false) => Finding::ok(what, "was repaired after a crash; nothing is missing"),
        Err(error) => Finding::bad(what, error.to_string()),
    });
    match store.snapshot() {
        Ok(snapshot) => {
            findings.push(match vault::check_small_rows(snapshot.rows()) {
                Ok(found) if found.differing == 0 => Finding::ok(
                    "accounts",
                    format!(
                        "{}; header and ways in agree in both copies",
                        counted(found.vaults as u64, "account")
                    ),
                ),
                Ok(found) => Finding::note(
                    "accounts",
                    format!(
                        "{}; {} rows differ between their two copies. Signing in repairs them",
                        counted(found.vaults as u64, "account"),
                        found.differing
                    ),
                ),
                Err(error) => Finding::bad("accounts", error.to_string()),
            });
            if let Some(secret) = secret {
                check_vault(snapshot.rows(), secret, now, findings);
            }
        }
        Err(error) => findings.push(Finding::bad("accounts", error.to_string())),
    }
}

fn check_vault(rows: &dyn Rows, secret: &audit::Secret, now: i64, findings: &mut Vec<Finding>) {
    let what = "records";
    let mut beside = None;
    findings.push(match audit::audit_and(rows, secret, words::compare) {
        Ok(Some((audit, compared))) => {
            beside = Some(word_index(compared));
            let said = audit_lines(&audit).join("; ");
            match () {
                () if audit.written.is_some_and(|written| written > now + 60_000) => {
                    let ahead = "were last written in the future: set the clock, or entries get a wrong time";
                    Finding::bad(what, format!("{ahead}; {said}"))
                }
                () if audit.ok() => Finding::ok(what, said),
                () => Finding::bad(what, said),
            }
        }
        Ok(None) => Finding::bad(what, "nothing opens with that name and password, or that code"),
        Err(VaultError::Replaced) => Finding::bad(what, "this password was replaced by another one"),
        Err(error) => Finding::bad(what, error.to_string()),
    });
    findings.extend(beside);
}

/// The index of words beside the entries. Nothing of the journal depends on it, so it is never bad.
fn word_index(compared: Result<Compared, VaultError>) -> Finding {
    let what = "word index";
    let Compared { known, waiting, differing, n_broken } = match compared {
        Ok(compared) => compared,
        Err(error) => return Finding::note(what, format!("cannot be compared with the entries: {error}")),
    };
    let said = format!(
        "{} in it; {waiting} are read after signing in",
        counted((known + differing) as u64, "entry")
    );
    match (differing, n_broken) {
        (0, 0) => Finding::ok(what, said),
        (0, _) => Finding::note(what, format!("{said}; a part of it cannot be used and is made anew then")),
        _ => Finding::note(
            what,
            format!("{said}; {differing} of them with other words than they have: run `llamora reindex`"),
        ),
    }
}

/// `1 record`, `2 records`, `0 entries`.
pub(in crate::cli) fn counted(count: u64, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {what}s"),
    }
}

/// What was found in one vault, a line for each thing.
pub(in crate::cli) fn audit_lines(audit: &Audit) -> Vec<String> {
    let mut lines = vec![format!(
        "account {}: {} of {} open, {}",
        audit.vault,
        audit.opened,
        counted(audit.records, "record"),
        counted(audit.entries as u64, "entry")
    )];
    if let Some(written) = audit.written {
        let zone = day::zone(&day::machine_zone()).or_else(|| day::zone("UTC"));
        let when =
            zone.map(|zone| format!("{} {}", Day::at(written, &zone), day::wall_clock(written, &zone).1));
        lines.push(format!("last written {}", when.unwrap_or_default()));
    }
    lines.push(match audit.head_ok {
        true => "exactly the records are there that were written last".to_owned(),
        false => "ALTERED: records were deleted, put back or added, or the head is broken".to_owned(),
    });
    for (count, said) in [
        (audit.newer, "records are newer than the head"),
        (audit.strays, "rows belong to no generation in use"),
        (audit.unlisted as u64, "entries are listed on no day"),
        (audit.traces as u64, "traces are not as the entries say"),
    ] {
        if count > 0 {
            lines.push(format!("{count} {said}"));
        }
    }
    for flaw in &audit.days {
        let mut said = format!(
            "{}: {} gone, {} in another version",
            flaw.day,
            counted(flaw.lost as u64, "entry"),
            flaw.stale
        );
        for (count, what) in
            [(flaw.unlisted, "not in its list"), (flaw.returned, "back after having been removed")]
        {
            if count > 0 {
                said.push_str(&format!(", {count} {what}"));
            }
        }
        lines.push(said);
    }
    lines
}
