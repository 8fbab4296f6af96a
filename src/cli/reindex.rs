//! `llamora reindex`: what finds entries, made anew from them, while no llamora has the journal open.

use anyhow::Context;
use clap::Args;

use crate::{
    cli::{
        Shared,
        transfer::{Opened, Owner},
    },
    services::words,
    vault::{files::collect, outbox, segments, transaction::Writer},
};

/// Records that are removed in one transaction.
const AT_ONCE: usize = 500;

/// `llamora reindex`
#[derive(Args)]
pub struct Reindex {
    #[command(flatten)]
    owner: Owner,
}

impl Reindex {
    /// Makes the index of words anew, and lets go of that of meanings, which is made anew after signing in.
    ///
    /// # Errors
    /// When the journal cannot be opened or written. No entry is touched in any case; what is missing of the index is
    /// made after signing in.
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        const LATER: &str = "the index could not be made anew. Every entry is as it was; run this again";
        let Opened { store, vault, .. } = self.owner.open(shared)?;
        let listed = words::listed(&vault).context(LATER)?;
        for some in listed.chunks(AT_ONCE) {
            let remove = |w: &mut Writer<'_>| {
                some.iter().try_for_each(|(id, _)| crate::vault::vectors::remove(w, *id))
            };
            vault.write(remove).context(LATER)?;
        }
        vault
            .write(|w| {
                segments::forget(w)?;
                words::forget(w)?;
                outbox::demand_rescan(w)
            })
            .context(LATER)?;
        collect::clear(&vault).context(LATER)?;
        let n_known = words::make(&vault).context(LATER)?;
        store.quiet().context("the file is in order, but could not be left quiet")?;
        println!("{n_known} of {} entries and replies are found by their words", listed.len());
        println!("their meanings are read again after signing in");
        Ok(())
    }
}
