//! `llamora config`: the effective configuration and where each value came from; `llamora config prompts`: the texts of
//! prompts.

use clap::{Args, ValueEnum};

use crate::{
    cli::Shared,
    config::{Effective, Flags},
    llm::prompt::templates::Prompts,
};

/// Arguments of `llamora config`.
#[derive(Args)]
pub struct Config {
    /// Print these instead of the settings
    what: Option<What>,
}

/// What can be printed besides the settings.
#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// The texts that models are given, each under its file name
    Prompts,
}

impl Config {
    /// Prints every setting on a line, or every prompt.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub fn run(&self, shared: &Shared) -> anyhow::Result<()> {
        let (folder, config, effective) = shared.settle(&Flags::default())?;
        match self.what {
            Some(What::Prompts) => print_prompts(&Prompts::load(config.prompts.folder().as_deref())?),
            None => {
                let place = format!("# data folder: {} ({})", folder.path().display(), folder.reason());
                print_settings(&place, &effective);
            }
        }
        Ok(())
    }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn print_settings(place: &str, effective: &[Effective]) {
    println!("{place}");
    let width = effective.iter().map(|line| line.key.len() + line.value.len()).max().unwrap_or(0) + 3;
    for line in effective {
        let setting = format!("{} = {}", line.key, line.value);
        println!("{setting:width$}  # {}", line.origin);
    }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn print_prompts(prompts: &Prompts) {
    println!(
        "# A file of one of these names in the folder prompts.template_dir takes the place of the text below it."
    );
    for (name, text) in prompts.sources() {
        println!("\n==> {name} <==\n{}", text.trim_end());
    }
}
