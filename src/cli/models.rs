//! `llamora models list, verify, add, use, remove, pull, bench`.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};

use crate::{
    app::{
        models::{self, FoundModels},
        running,
    },
    cli::Shared,
    config::{Config, Flags, manifest},
    container::source::ModelSource,
    llm::{
        catalogue::Catalogue,
        download::{self, Wanted, begun},
        shelf::{ShelfError, is_file_name},
    },
    outgoing::{Caller, place::Place},
};

mod bench;
mod list;
pub mod progress;

use crate::cli::models::progress::Progress;

/// `llamora models`
#[derive(Args)]
pub struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show the models that are here, those recommended for this machine, and those of other programs
    List,
    /// Read the models in use whole and compare their checksums
    Verify,
    /// Copy a model file (GGUF) into the folder of models, after a look through it
    #[command(after_help = "Example:\n  llamora models add ~/Downloads/Qwen3-1.7B-Q4_K_M.gguf")]
    Add {
        /// The file
        file: PathBuf,
    },
    /// Fetch a model over the internet; one that broke off goes on where it was
    #[command(
        after_help = "Example:\n  llamora models pull qwen3-1.7b\n  llamora models pull --url https://example.org/model.gguf model.gguf"
    )]
    Pull {
        /// Name from `llamora models list`, or with --url the file name that it gets
        name: String,
        /// Address of a model file of your own choice
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Choose the model for replies
    #[command(
        after_help = "Example:\n  llamora models use qwen3-1.7b\n  llamora models use ollama:llama3.2:3b\n  llamora models use default"
    )]
    Use {
        /// Name or file name from `llamora models list`, a path, or `default` for the program's own choice
        name: String,
    },
    /// Measure how fast a model reads and writes on this machine
    #[command(after_help = "Example:\n  llamora models bench\n  llamora models bench qwen3-1.7b --json")]
    Bench {
        /// Name or file name from `llamora models list`, or a path; without one the model in use
        name: Option<String>,
        /// Print the figures as JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a model file from the folder of models
    #[command(after_help = "Example:\n  llamora models remove Qwen3-1.7B-Q4_K_M.gguf")]
    Remove {
        /// Name or file name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

impl Models {
    /// Does what was asked.
    ///
    /// # Errors
    /// When a model is missing, unreadable, altered or refused, and when there is no connection.
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        let (folder, config, _) = shared.settle(&Flags::default())?;
        let catalogue = models::catalogue(&config, folder.path());
        match self.action {
            Action::List => list::run(&catalogue, &FoundModels::find(&catalogue)),
            Action::Verify => verify(&catalogue),
            Action::Add { file } => add(&catalogue, file),
            Action::Pull { name, url } => pull(&catalogue, name, url),
            Action::Use { name } => choose(&catalogue, &config, &name, folder.path()),
            Action::Bench { name, json } => bench::run(&catalogue, &config, name.as_deref(), json),
            Action::Remove { name, yes } => remove(&catalogue, &name, yes),
        }
    }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn verify(catalogue: &Catalogue) -> anyhow::Result<()> {
    let found = FoundModels::find(catalogue);
    let mut sources: Vec<(&str, ModelSource)> =
        catalogue.present().into_iter().map(|present| ("model", present.source)).collect();
    if let Some(used) = &found.model
        && sources.iter().all(|(_, source)| source != used)
    {
        sources.push(("model", used.clone()));
    }
    if sources.is_empty() {
        println!("model      {}", found.hint());
    }
    match found.embedder {
        Some(files) => {
            sources.push(("embedder", files.weights));
            sources.push(("tokenizer", files.tokenizer));
            sources.push(("config", files.config));
        }
        None => println!("embedder   none; search finds words only"),
    }
    let mut n_altered = 0;
    for (kind, source) in sources {
        let found = source.sha256().with_context(|| format!("{} cannot be read", source.name()))?;
        let verdict = match source.pinned() {
            Some(pinned) if pinned == found => "as it should be".to_owned(),
            Some(_) => {
                n_altered += 1;
                "ALTERED; remove it and fetch it again".to_owned()
            }
            None if kind == "model" => first_seen(catalogue, &source, &found),
            None => "readable; nothing to compare with".to_owned(),
        };
        println!("{kind:<10} {} {} {verdict}", source.name(), manifest::hex(&found));
    }
    ensure!(n_altered == 0, "{n_altered} of the models were altered; they are not used. Fetch them again");
    Ok(())
}

/// Remembers the checksum of a model that lies on the shelf and was never looked at.
fn first_seen(catalogue: &Catalogue, source: &ModelSource, found: &[u8; 32]) -> String {
    let name = source.name();
    let is_ours =
        matches!(source, ModelSource::File { path, .. } if path.parent() == Some(catalogue.shelf.folder()));
    if is_ours && catalogue.shelf.pin(&name, found).is_ok() {
        return "seen for the first time; remembered from now on".to_owned();
    }
    "readable; nothing to compare with".to_owned()
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn add(catalogue: &Catalogue, file: PathBuf) -> anyhow::Result<()> {
    let mut progress = Progress::new("copying");
    let added = catalogue.shelf.add(&file, &mut |done, all| progress.show(done, Some(all)));
    progress.end();
    let added = added?;
    println!("{} is in {}", added.file, catalogue.shelf.folder().display());
    println!("Use it with: llamora models use {:?}", added.file);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn pull(catalogue: &Catalogue, name: String, url: Option<String>) -> anyhow::Result<()> {
    let wanted = match url {
        Some(url) => {
            ensure!(
                is_file_name(&name),
                "with --url give the file name that the model gets, such as my-model.gguf"
            );
            Wanted { url, file: name, sha256: None, bytes: None }
        }
        None => match Wanted::recommended(&name) {
            Some(wanted) => wanted,
            None => bail!(
                "there is no recommended model {name}. `llamora models list` names them; another one is fetched with \
                 --url ADDRESS FILE.gguf"
            ),
        },
    };
    let host = Place::parse(&wanted.url)?.shown();
    let begun = begun::bytes(&catalogue.shelf, &wanted.file);
    let how = if begun.is_some() { "going on with" } else { "fetching" };
    println!("{how} {} from {host} into {}", wanted.file, catalogue.shelf.folder().display());
    if wanted.sha256.is_none() {
        println!(
            "Its checksum is not in this program's list: what comes now is remembered and compared from then on."
        );
    }
    let caller = Caller::new()?;
    let mut progress = Progress::new("fetched");
    let got = download::fetch(
        &caller,
        &catalogue.shelf,
        &wanted,
        &mut |done, all| progress.show(done, all),
        &|| true,
    );
    progress.end();
    let got = match got {
        Ok(got) => got,
        Err(error) => {
            let kept = match begun::bytes(&catalogue.shelf, &wanted.file) {
                Some(_) => "What has come is kept; the same command goes on with it.",
                None => "Nothing was kept.",
            };
            bail!("{error}. {kept} The journal works without it. Try again later.");
        }
    };
    println!("{} is here, {} MB, {}", got.file, got.bytes.div_ceil(1_000_000), verdict(&wanted));
    println!("Use it with: llamora models use {:?}", got.file);
    Ok(())
}

fn verdict(wanted: &Wanted) -> &'static str {
    if wanted.sha256.is_some() { "with the right checksum" } else { "its checksum is remembered" }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn choose(catalogue: &Catalogue, config: &Config, name: &str, data: &Path) -> anyhow::Result<()> {
    ensure!(
        config.models.chosen.is_empty(),
        "the setting models.use names {}; change it there, or take it out to choose by this command",
        config.models.chosen
    );
    if name == "default" {
        catalogue.shelf.forget_choice()?;
        let used = catalogue.used().map_or_else(|| "none is here".to_owned(), |source| source.name());
        println!("The program's own choice is used again: {used}{}", taken_up(data));
        return Ok(());
    }
    let absolute = std::path::absolute(name).ok().filter(|path| path.is_file());
    let chosen = match catalogue.choose(name)? {
        Some(chosen) => chosen,
        None => match absolute.as_ref().and_then(|path| path.to_str()) {
            Some(path) => catalogue.choose(path)?.context("the file cannot be used")?,
            None => {
                bail!("there is no model {name} here. `llamora models list` names them; `pull` fetches one")
            }
        },
    };
    println!("{chosen} is used from now on{}", taken_up(data));
    Ok(())
}

/// What becomes of a choice while the program runs.
fn taken_up(data: &Path) -> String {
    match running::other(data) {
        Some(who) => format!(
            ".\nThe llamora that runs ({who}) changes to it within seconds; Settings, Model says how that went."
        ),
        None => ".".to_owned(),
    }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn remove(catalogue: &Catalogue, name: &str, is_sure: bool) -> anyhow::Result<()> {
    let short = manifest::recommended().iter().find(|model| model.name == name);
    let file = short.map_or(name, |model| model.file.as_str());
    let Some(found) = catalogue.shelf.list().into_iter().find(|model| model.file == file) else {
        return Err(match is_file_name(file) {
            true => ShelfError::Missing(file.to_owned()).into(),
            false => ShelfError::Name(file.to_owned()).into(),
        });
    };
    if !is_sure {
        ensure!(io::stdin().is_terminal(), "say --yes to remove {file} without being asked");
        let question = format!("Delete {file} ({} MB)? Type yes: ", found.bytes.div_ceil(1_000_000));
        io::stdout()
            .write_all(question.as_bytes())
            .and_then(|()| io::stdout().flush())
            .context("the terminal")?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).context("the terminal")?;
        ensure!(answer.trim() == "yes", "nothing was removed. Run this again and type yes if you want it");
    }
    catalogue.shelf.remove(file)?;
    println!("{file} is removed");
    Ok(())
}
