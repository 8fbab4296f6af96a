//! `llamora check --salvage`: what is left of a damaged journal.

use std::{path::Path, sync::Arc};

use anyhow::{bail, ensure};

use crate::{
    app::JOURNAL_FILE,
    cli::{backup::explain, secret::SecretArgs},
    clock::System,
    vault::salvage::salvage,
};

/// Days of which the report gives a line each, before it sums up.
const MOST_LINES: usize = 400;

/// Salvages one account of `journal` into a new journal in the folder `to`. The damaged file is only read.
///
/// # Errors
/// When nothing opens, or the new journal cannot be written; nothing is overwritten.
#[allow(clippy::print_stdout, reason = "the output of the command")]
pub fn run(journal: &Path, to: &Path, secret: &SecretArgs) -> anyhow::Result<()> {
    ensure!(journal.is_file(), "there is no journal {}; name its folder with --data", journal.display());
    ensure!(
        secret.is_given(),
        "only the owner's secret opens what is found: add --name NAME, or --recovery-code"
    );
    let target = to.join(JOURNAL_FILE);
    ensure!(
        target.symlink_metadata().is_err(),
        "there is a journal in {} already, and nothing is ever overwritten. Name another folder with --to",
        to.display()
    );
    let Some(secret) = secret.ask()? else {
        bail!("no secret was given, so nothing was read. Run this again.")
    };
    let found = salvage(journal, &secret, &target, Arc::new(System)).map_err(|error| explain(&error))?;
    let Some(found) = found else {
        bail!(
            "nothing that was found opens with that name and password, or that code. The damaged file was only read.\n\
             Try the recovery code, or an earlier password; otherwise put a backup in its place."
        )
    };
    for day in found.days.iter().filter(|day| day.lost > 0).take(MOST_LINES) {
        println!("{}: {} found, {} listed there and not found", day.day, day.found, day.lost);
    }
    let whole = found.days.iter().filter(|day| day.lost == 0).count();
    println!("{whole} days are whole, {} miss something", found.days.len() - whole);
    println!(
        "{} entries and replies, {} earlier versions and {} other records were found; {} are listed and lost",
        found.entries,
        found.versions,
        found.others,
        found.lost()
    );
    if found.removed > 0 {
        println!("{} entries that had been removed for ever were left out", found.removed);
    }
    if found.unreadable > 0 {
        println!(
            "{} pages could not be read from the medium: copy it before it gets worse",
            found.unreadable
        );
    }
    if found.other_vaults > 0 {
        println!(
            "{} other accounts are in the file; salvage each with its own secret into a folder of its own",
            found.other_vaults
        );
    }
    println!("written to {}; open it with: llamora serve --data {}", target.display(), to.display());
    Ok(())
}
