//! `llamora export` and `llamora import`: the whole journal out and in, while no llamora has it open.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use zeroize::Zeroizing;

use crate::{
    app::{self, folder::DataFolder},
    cli::Shared,
    clock::{self, Clock},
    config::Flags,
    services::transfer::{
        Circumstances, Format,
        export::{self, Folder, Summary},
        folder::is_wanted,
        import::{self, Import as Run},
        read::{self, Collector, Limits, Parsed},
    },
    store::Store,
    vault::{KdfChoice, Vaults, unlocked::Unlocked},
};

/// How deep folders are looked into.
const MAX_DEPTH: usize = 8;

/// Whose journal, and how the password comes in: never as an argument, never from the environment.
#[derive(Args)]
pub(in crate::cli) struct Owner {
    /// Name of the journal's owner; asked for when it is left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Read the password from the first line of standard input instead of the terminal
    #[arg(long)]
    password_stdin: bool,
}

/// The journal, opened.
pub(in crate::cli) struct Opened {
    pub(in crate::cli) store: Arc<Store>,
    pub(in crate::cli) vault: Arc<Unlocked>,
    around: Circumstances,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Everything: replies, versions, what is in the trash
    Json,
    /// One file for each day; a zip when the output ends in .zip
    Markdown,
    /// As jrnl writes it; entries only
    Jrnl,
}

/// `llamora export`
#[derive(Args)]
pub struct Export {
    /// What to write
    #[arg(long, value_enum, default_value = "json")]
    format: Kind,
    /// A new file, or for Markdown a new or empty folder
    #[arg(long, value_name = "FILE|DIR")]
    output: PathBuf,
    /// Do not ask whether the export may be readable by everybody who gets hold of it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    owner: Owner,
}

/// `llamora import`
#[derive(Args)]
pub struct Import {
    /// An export of llamora, Markdown, a zip or folder of Markdown, jrnl JSON, Day One JSON or its zip
    #[arg(value_name = "FILE|DIR")]
    source: PathBuf,
    /// Say what would be put in, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    owner: Owner,
}

impl Export {
    /// Writes the export.
    ///
    /// # Errors
    /// When the journal cannot be opened, or the output exists or cannot be written; then nothing is left of it.
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        let shown = self.output.display();
        let is_folder = matches!(self.format, Kind::Markdown)
            && self.output.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("zip"));
        let is_free = if is_folder { is_empty_folder(&self.output) } else { !self.output.exists() };
        ensure!(is_free, "{shown} exists already. Nothing was exported; name a new place with --output.");
        self.ask()?;
        let Opened { vault, around, .. } = self.owner.open(shared)?;
        let summary = if is_folder {
            let mut folder = Written { root: self.output.clone() };
            make_private_folder(&self.output).with_context(|| format!("the folder {shown}"))?;
            export::to_folder(&vault, &mut folder)
        } else {
            let file = new_private_file(&self.output).with_context(|| format!("the file {shown}"))?;
            let format = match self.format {
                Kind::Json => Format::Json,
                Kind::Markdown => Format::Markdown,
                Kind::Jrnl => Format::Jrnl,
            };
            let mut out = BufWriter::new(file);
            export::to_file(&vault, format, &around, &mut out).and_then(|summary| {
                out.flush()?;
                out.get_ref().sync_all()?;
                Ok(summary)
            })
        };
        let summary = match summary {
            Ok(summary) => summary,
            Err(error) => {
                // Half an export looks like a whole one to whoever finds it later.
                let removed =
                    if is_folder { fs::remove_dir_all(&self.output) } else { fs::remove_file(&self.output) };
                let left =
                    if removed.is_ok() { "nothing is left of it" } else { "a part is left at the output" };
                bail!("the export broke off: {error}; {left}. The journal is as it was. Run this again.")
            }
        };
        let Summary { n_entries, n_replies, n_days, n_unreadable } = summary;
        println!("exported {n_entries} entries and {n_replies} replies on {n_days} days to {shown}");
        ensure!(
            n_unreadable == 0,
            "{n_unreadable} entries could not be opened and are named in the export; run `llamora check`"
        );
        Ok(())
    }

    #[allow(clippy::print_stderr, reason = "a question on the terminal")]
    fn ask(&self) -> anyhow::Result<()> {
        const WARNING: &str = "The export is not sealed: whoever gets hold of it can read the whole journal.";
        if self.yes {
            eprintln!("{WARNING}");
            return Ok(());
        }
        ensure!(
            !self.owner.password_stdin && io::stdin().is_terminal(),
            "{WARNING}\nNothing was exported. Say that you know with --yes."
        );
        eprint!("{WARNING}\nType yes to go on: ");
        let mut answer = String::new();
        io::stdin().lock().take(64).read_line(&mut answer)?;
        ensure!(
            answer.trim().eq_ignore_ascii_case("yes"),
            "nothing was exported. Run this again and type yes if you want it"
        );
        Ok(())
    }
}

impl Import {
    /// Says what would be put in, or puts it in.
    ///
    /// # Errors
    /// When the journal cannot be opened, nothing can be read, or it cannot be written. What was put in stays, and
    /// the same command goes on where it stopped.
    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "the output of the command")]
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        ensure!(
            self.source.exists(),
            "{} is not there. Nothing was changed. Check the path.",
            self.source.display()
        );
        let Opened { store, vault, around } = self.owner.open(shared)?;
        let mut parsed = read_source(&self.source, &around)
            .with_context(|| format!("{} cannot be read; nothing was changed", self.source.display()))?;
        let (planned, days) = import::dry_run(&vault, &parsed.items)?;
        tell(&parsed, &planned, &days);
        if self.dry_run {
            println!("this was a dry run: nothing was changed");
            return Ok(());
        }
        let n_all = planned.n_new + planned.n_new_replies;
        let shows = io::stderr().is_terminal();
        let mut run = Run::new(std::mem::take(&mut parsed.items));
        loop {
            let more = run.step(&vault).with_context(|| {
                let n_done = run.tally.n_new + run.tally.n_new_replies;
                format!("the import broke off after {n_done} of {n_all}; run the same command again to go on")
            })?;
            if shows {
                eprint!("\r{} of {n_all} ", run.tally.n_new + run.tally.n_new_replies);
            }
            if !more {
                break;
            }
        }
        if shows {
            eprintln!();
        }
        store.quiet().context("the journal file")?;
        println!("imported {} entries and {} replies", run.tally.n_new, run.tally.n_new_replies);
        Ok(())
    }
}

impl Owner {
    pub(in crate::cli) fn open(&self, shared: &Shared) -> anyhow::Result<Opened> {
        let (folder, _, _) = shared.settle(&Flags::default())?;
        ensure!(
            folder.path().join(app::JOURNAL_FILE).exists(),
            "there is no journal in {}. Name its folder with --data.",
            folder.path().display()
        );
        let (name, password) = self.ask()?;
        self.unlock(&folder, &name, &password)
    }

    fn unlock(&self, folder: &DataFolder, name: &str, password: &str) -> anyhow::Result<Opened> {
        let store = Arc::new(app::open_store(folder)?);
        let clock: Arc<dyn Clock> = Arc::new(clock::System);
        let vaults = Vaults::open(Arc::clone(&store), Arc::clone(&clock), KdfChoice::Default)
            .context("the accounts in the journal cannot be read")?;
        let Some(vault) = vaults.sign_in(name, password)? else {
            bail!(
                "this name and password open no journal here. Nothing was changed. Check both and try again."
            )
        };
        let around = Circumstances::of(&vault, clock.now_ms())?;
        Ok(Opened { store, vault, around })
    }

    #[allow(clippy::print_stderr, reason = "a question on the terminal")]
    fn ask(&self) -> anyhow::Result<(String, Zeroizing<String>)> {
        if self.password_stdin {
            let name = self.name.clone().context("--password-stdin needs --name")?;
            let mut line = Zeroizing::new(String::new());
            BufReader::new(io::stdin().take(8 * 1024)).read_line(&mut line)?;
            let password = line.trim_end_matches(['\r', '\n']).to_owned();
            return Ok((name, Zeroizing::new(password)));
        }
        ensure!(
            io::stdin().is_terminal(),
            "there is no terminal to ask for the password on: use --name and --password-stdin"
        );
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                eprint!("Name: ");
                let mut name = String::new();
                io::stdin().lock().take(1024).read_line(&mut name)?;
                name.trim_end_matches(['\r', '\n']).to_owned()
            }
        };
        let password = rpassword::prompt_password("Password: ").context("the terminal")?;
        Ok((name, Zeroizing::new(password)))
    }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn tell(parsed: &Parsed, planned: &import::Tally, days: &[(crate::journal::day::Day, usize)]) {
    let formats: Vec<&str> = parsed.formats.iter().map(|format| format.name()).collect();
    println!(
        "read as              {}",
        if formats.is_empty() { "nothing known".to_owned() } else { formats.join(", ") }
    );
    if let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) {
        println!("days                 {} from {first} to {last}", planned.n_days);
    }
    let mut years: BTreeMap<i16, usize> = BTreeMap::new();
    for (day, count) in days {
        *years.entry(day.year()).or_default() += count;
    }
    for (year, count) in years {
        println!("  {year}               {count}");
    }
    let lines = [
        ("new entries", planned.n_new),
        ("new replies", planned.n_new_replies),
        ("there already", planned.n_known),
        ("there, other text", planned.n_differ),
        ("in the trash", planned.n_in_trash),
        ("twice in the file", parsed.n_repeated),
        ("replies to nothing", planned.n_orphans),
        ("no room on the day", planned.n_no_room),
        ("divided texts", parsed.n_divided),
        ("pictures left out", parsed.n_files),
        ("files left out", parsed.n_left_out),
        ("not readable", parsed.n_problems),
    ];
    for (what, n) in lines {
        if n > 0 || what == "new entries" {
            println!("{what:<20} {n}");
        }
    }
    for problem in &parsed.problems {
        println!("  {}: {}", problem.place, problem.why);
    }
    for note in &parsed.notes {
        println!("{note}");
    }
}

fn read_source(source: &Path, around: &Circumstances) -> anyhow::Result<Parsed> {
    let clock = clock::System;
    if !source.is_dir() {
        let name = source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(read::file(&name, read_file(source)?, around, &clock)?);
    }
    let mut collector = Collector::new(around, &clock);
    let mut files = Vec::new();
    find(source, 0, &mut files)?;
    files.sort();
    for path in files {
        let name = path.strip_prefix(source).unwrap_or(&path).to_string_lossy().into_owned();
        collector.one_of_many(&name, &read_file(&path)?)?;
    }
    Ok(collector.end())
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than may be, so that a file that is too large shows it.
    let most = u64::try_from(Limits::BYTES + 1)?;
    fs::File::open(path)?.take(most).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    ensure!(
        bytes.len() <= Limits::BYTES,
        "{} is larger than {} MB; nothing was changed. Give it in parts",
        path.display(),
        Limits::BYTES >> 20
    );
    Ok(bytes)
}

/// Files of a folder that can be read. Links are not followed.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name().to_string_lossy().into_owned());
        if kind.is_dir() && depth < MAX_DEPTH && !name.starts_with('.') {
            find(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() && is_wanted(&name) {
            ensure!(
                files.len() < Limits::FILES,
                "there are more than {} files; nothing was changed. Give them in parts",
                Limits::FILES
            );
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A folder on disk that an export is written into.
struct Written {
    root: PathBuf,
}

impl Folder for Written {
    fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let place = self.root.join(path);
        if let Some(parent) = place.parent() {
            make_private_folder(parent)?;
        }
        let mut file = new_private_file(&place)?;
        file.write_all(bytes)?;
        file.sync_all()
    }
}

fn is_empty_folder(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn new_private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
