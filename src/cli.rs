//! The command line. Every command prints errors to standard error: what happened, what is safe, what to do.
//! Exit codes: 0 done, 1 failed, 2 wrong usage.

pub mod backup;
pub mod bundle;
pub mod check;
pub mod keys;
pub mod models;
pub mod reindex;
mod salvage;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod transfer;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    app::folder::DataFolder,
    config::{Config, Effective, Flags},
    crypto::memory,
    telemetry,
};

/// A private journal in one file: sealed on disk, with search and a language model inside.
#[derive(Parser)]
#[command(name = "llamora", version, max_term_width = 100)]
#[command(
    after_help = "Example:\n  llamora                 serve the journal and open the browser\n  llamora serve --port 0  serve on a free port, which the first line of output names"
)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(flatten)]
    listen: Listen,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Args, Clone)]
pub struct Shared {
    /// Data folder (else `LLAMORA_DATA`, else llamora-data beside the program, else the usual place)
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Configuration file (else config.toml in the data folder)
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// Where to listen.
#[derive(Args, Clone)]
pub struct Listen {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the journal without opening a browser
    #[command(after_help = "Example:\n  llamora serve --data /media/stick/llamora-data --port 5757")]
    Serve(Listen),
    /// Serve with templates read from disk, for work on them
    #[command(after_help = "Example:\n  llamora dev --templates templates --port 0")]
    Dev(serve::Dev),
    /// List, fetch, add, choose, verify and remove models
    #[command(
        after_help = "Example:\n  llamora models list\n  llamora models pull qwen3-1.7b\n  llamora models use qwen3-1.7b"
    )]
    Models(models::Models),
    /// Write one file that holds the program and its models
    #[command(after_help = "Example:\n  llamora bundle --model Qwen3-1.7B-Q4_K_M.gguf --output llamora-mine")]
    Bundle(bundle::Bundle),
    /// Renew or revoke the keys of a journal, or say how they are
    #[command(
        after_help = "Example:\n  llamora keys status --data /media/stick/llamora-data\n  llamora keys revoke"
    )]
    Keys(keys::Keys),
    /// Make, check or restore a sealed copy of the journal
    #[command(
        after_help = "Example:\n  llamora backup create --to /media/stick/backups\n  llamora backup restore FILE --to restored"
    )]
    Backup(backup::Backup),
    /// Check the journal file, the folder and this machine; read what is left of a damaged journal
    #[command(
        after_help = "Example:\n  llamora check --json\n  llamora check --name Anna\n  llamora check --salvage --to rescued --name Anna"
    )]
    Check(check::Check),
    /// Write the whole journal as JSON, Markdown or jrnl JSON, readable without this program
    #[command(after_help = "Example:\n  llamora export --format markdown --output my-journal")]
    Export(transfer::Export),
    /// Put entries from an export, Markdown, jrnl or Day One into the journal
    #[command(after_help = "Example:\n  llamora import --dry-run my-journal.zip")]
    Import(transfer::Import),
    /// Make anew what finds entries: the index of words and that of meanings
    #[command(after_help = "Example:\n  llamora reindex --name Anna")]
    Reindex(reindex::Reindex),
    /// Print the effective configuration and where each value came from, or the texts of prompts
    #[command(after_help = "Example:\n  LLAMORA_APP__PORT=8080 llamora config\n  llamora config prompts")]
    Config(settings::Config),
}

/// Parses the command line, runs the command and answers the exit code.
pub fn main() -> ExitCode {
    // Before anything secret is in memory.
    let hardening = memory::harden_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // Printing can only fail when nobody reads.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match cli.command {
        None => serve::run(&cli.shared, &cli.listen, true),
        Some(Command::Serve(listen)) => serve::run(&cli.shared, &listen, false),
        Some(Command::Dev(dev)) => dev.run(&cli.shared),
        Some(Command::Models(models)) => models.run(&cli.shared),
        Some(Command::Bundle(bundle)) => bundle.run(&cli.shared),
        Some(Command::Backup(backup)) => backup.run(&cli.shared),
        Some(Command::Keys(keys)) => keys.run(&cli.shared),
        Some(Command::Check(check)) => check.run(&cli.shared, &hardening),
        Some(Command::Export(export)) => export.run(&cli.shared),
        Some(Command::Import(import)) => import.run(&cli.shared),
        Some(Command::Reindex(reindex)) => reindex.run(&cli.shared),
        Some(Command::Config(config)) => config.run(&cli.shared),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "errors of the command line go to standard error")]
fn complain(error: &anyhow::Error) {
    eprintln!("llamora: {error:#}");
}

impl Shared {
    /// Chooses the data folder, reads the configuration and starts logging.
    ///
    /// # Errors
    /// When the folder cannot be made or the configuration is wrong.
    pub fn settle(&self, flags: &Flags) -> anyhow::Result<(DataFolder, Config, Vec<Effective>)> {
        let folder = DataFolder::choose(self.data.clone())?;
        let file = self.config.clone().unwrap_or_else(|| folder.path().join("config.toml"));
        let flags = Flags { is_portable: folder.is_portable(), ..flags.clone() };
        let (config, effective) = Config::load(&file, self.config.is_some(), &flags)?;
        telemetry::start(&config.app.log_level);
        Ok((folder, config, effective))
    }
}
