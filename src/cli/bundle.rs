//! `llamora bundle`: one file that holds the program and its models.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use anyhow::{Context, ensure};
use clap::Args;

use crate::{
    app::models::{self, FoundModels, bundle_parts},
    cli::Shared,
    config::Flags,
    container::{self, source::ModelSource},
};

/// `llamora bundle`
#[derive(Args)]
pub struct Bundle {
    /// Text model to put inside (GGUF); else the one this program would use from a folder
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Where to write the new program
    #[arg(long, value_name = "OUT")]
    output: PathBuf,
    /// Program to start from; else this one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

impl Bundle {
    /// Writes the bundle.
    ///
    /// # Errors
    /// When a file is missing or cannot be written; nothing is left behind then.
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        let (folder, config, _) = shared.settle(&Flags::default())?;
        let mut found = FoundModels::find(&models::catalogue(&config, folder.path()));
        if let Some(model) = self.model {
            ensure!(model.is_file(), "there is no model file {}", model.display());
            found.model = Some(ModelSource::file(model));
        }
        let parts = bundle_parts(&found);
        ensure!(
            !parts.is_empty(),
            "there is nothing to put inside: name a model with --model, or a folder with LLAMORA_MODELS__DIR"
        );
        let program = match self.program {
            Some(program) => program,
            None => std::env::current_exe().context("the path of this program")?,
        };
        let is_terminal = std::io::stderr().is_terminal();
        container::bundle(&program, &parts, &self.output, &mut |done, all| {
            if is_terminal {
                // A progress line that cannot be written is no reason to stop.
                let _ = write!(std::io::stderr(), "\rwriting {} of {} MB", done / 1_000_000, all / 1_000_000);
            }
        })?;
        if is_terminal {
            let _ = writeln!(std::io::stderr());
        }
        for part in container::read_index(&self.output)? {
            println!("{:<10} {} ({} MB)", part.kind, part.name, part.len.div_ceil(1_000_000));
        }
        println!("{} is ready", self.output.display());
        Ok(())
    }
}
