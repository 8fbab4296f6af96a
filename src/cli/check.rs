//! `llamora check`: the journal file, the folder and this machine.

use clap::Args;
use serde::Serialize;

use crate::{app, app::folder::DataFolder, cli::Shared, config::Flags, crypto::memory::Hardening};

/// `llamora check`
#[derive(Args)]
pub struct Check {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// One finding.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    said: String,
}

impl Check {
    /// Checks and prints.
    ///
    /// # Errors
    /// When anything is not as it should be.
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    pub fn run(self, shared: &Shared, hardening: &[Hardening]) -> anyhow::Result<()> {
        let (folder, _, _) = shared.settle(&Flags::default())?;
        let mut findings = vec![journal(&folder), permissions(&folder)];
        findings.extend(hardening.iter().map(|measure| Finding {
            what: measure.measure,
            ok: measure.done,
            said: if measure.done { "on".to_owned() } else { "not available on this machine".to_owned() },
        }));
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            for finding in &findings {
                println!(
                    "{:<4} {:<22} {}",
                    if finding.ok { "ok" } else { "BAD" },
                    finding.what,
                    finding.said
                );
            }
        }
        let n_bad = findings.iter().filter(|finding| !finding.ok).count();
        anyhow::ensure!(n_bad == 0, "{n_bad} of {} checks failed; see above", findings.len());
        Ok(())
    }
}

fn journal(folder: &DataFolder) -> Finding {
    let what = "journal file";
    if !folder.path().join(app::JOURNAL_FILE).exists() {
        return Finding { what, ok: true, said: "none yet".to_owned() };
    }
    match app::open_store(folder) {
        Err(error) => Finding { what, ok: false, said: format!("{error:#}") },
        Ok(store) => match store.check() {
            Ok(true) => {
                Finding { what, ok: true, said: format!("whole, {} KB", store.size().div_ceil(1024)) }
            }
            Ok(false) => {
                Finding { what, ok: true, said: "was repaired after a crash; nothing is missing".to_owned() }
            }
            Err(error) => Finding { what, ok: false, said: error.to_string() },
        },
    }
}

fn permissions(folder: &DataFolder) -> Finding {
    let what = "folder permissions";
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path()).map_or(0, |facts| facts.permissions().mode() & 0o777);
        let ok = mode & 0o077 == 0;
        let said =
            if ok { format!("{mode:o}") } else { format!("{mode:o}: other users can look in; chmod 700 it") };
        Finding { what, ok, said }
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Finding { what, ok: true, said: "left to the system".to_owned() }
    }
}
