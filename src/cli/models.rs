//! `llamora models list` and `verify`.

use clap::{Args, Subcommand};

use crate::{app::models::FoundModels, cli::Shared, config::Flags, container::source::ModelSource};

/// `llamora models`
#[derive(Args)]
pub struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show the models this program would use, and where they are
    List,
    /// Read them whole and compare their checksums
    Verify,
}

impl Models {
    /// Lists or verifies.
    ///
    /// # Errors
    /// When a model is missing, unreadable or altered.
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        let (folder, config, _) = shared.settle(&Flags::default())?;
        let found = FoundModels::find(&config, folder.path());
        let mut sources: Vec<(&str, &ModelSource)> = Vec::new();
        if let Some(model) = &found.model {
            sources.push(("model", model));
        } else {
            println!("model      {}", found.hint());
        }
        if let Some(files) = &found.embedder {
            sources.push(("embedder", &files.weights));
            sources.push(("tokenizer", &files.tokenizer));
            sources.push(("config", &files.config));
        } else {
            println!("embedder   none; search finds words only");
        }
        let mut n_altered = 0;
        for (kind, source) in sources {
            let (path, offset, len) = source.place()?;
            let place = if offset == 0 { "file" } else { "inside the program" };
            let size = len.div_ceil(1_000_000);
            match self.action {
                Action::List => {
                    println!("{kind:<10} {} ({size} MB, {place} {})", source.name(), path.display())
                }
                Action::Verify => {
                    let found = source.sha256()?;
                    let is_good = source.pinned().is_none_or(|pinned| pinned == found);
                    n_altered += usize::from(!is_good);
                    let verdict = match (is_good, source.pinned()) {
                        (true, Some(_)) => "as it was bundled",
                        (true, None) => "readable; nothing to compare with",
                        (false, _) => "ALTERED; fetch this program again",
                    };
                    let hex: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
                    println!("{kind:<10} {} {hex} {verdict}", source.name());
                }
            }
        }
        anyhow::ensure!(n_altered == 0, "{n_altered} of the models inside this program were altered");
        Ok(())
    }
}
