//! `llamora backup create`, `verify`, `restore`.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail, ensure};
use clap::{Args, Subcommand};

use crate::{
    app::{JOURNAL_FILE, folder::DataFolder, open_store},
    cli::{Shared, check, secret::SecretArgs},
    clock::{Clock, System},
    config::Flags,
    crypto::SealError,
    random,
    services::backup::{self as backups, LastBackup, request},
    store::{Store, error::StoreError, rows::Rows},
    vault::{
        self, audit,
        backup::{self, ArchiveRows, BackupError, Contents},
        error::VaultError,
    },
};

/// How long a running program may take to take up a request.
const TAKE_UP_LIMIT: Duration = Duration::from_secs(15);
/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// `llamora backup`
#[derive(Args)]
pub struct Backup {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a backup, also while the journal is being served
    #[command(after_help = "Example:\n  llamora backup create --to /media/stick/backups")]
    Create {
        /// Folder for it; else the one in the setting backup.folder, else `backups` in the data folder
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Read a backup to its end and check it; with a name or a recovery code also open every record
    #[command(
        after_help = "Example:\n  llamora backup verify journal-1a2b3c4d-2026-11-22-100000Z.llamora-backup --name Anna"
    )]
    Verify {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Make a journal from a backup, in a folder that has none
    #[command(
        after_help = "Example:\n  llamora backup restore journal-1a2b3c4d-2026-11-22-100000Z.llamora-backup --to restored\n  llamora serve --data restored"
    )]
    Restore {
        /// The backup
        file: PathBuf,
        /// Data folder for the restored journal; it must not hold a journal
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        #[command(flatten)]
        secret: SecretArgs,
    },
}

impl Backup {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no backup, it is not whole, or it cannot be restored; nothing was overwritten then.
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        match self.action {
            Action::Create { to } => create(shared, to),
            Action::Verify { file, secret } => verify(&file, &secret),
            Action::Restore { file, to, secret } => restore(&file, &to, &secret),
        }
    }
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn create(shared: &Shared, to: Option<PathBuf>) -> anyhow::Result<()> {
    let (folder, config, _) = shared.settle(&Flags::default())?;
    let journal = folder.path().join(JOURNAL_FILE);
    ensure!(
        journal.is_file(),
        "there is no journal in {}; name its folder with --data",
        folder.path().display()
    );
    let to = match to {
        Some(to) => to,
        None if config.backup.folder.is_empty() => {
            let own = backups::own_folder(folder.path());
            backups::make_private(&own).with_context(|| format!("the folder {}", own.display()))?;
            own
        }
        None => config.backup.folder.into(),
    };
    let to = to.canonicalize().with_context(|| {
        format!("the folder {} is not there. Make it, or plug in its medium", to.display())
    })?;
    vault::refuse_newer(&journal).map_err(|error| explain(&error.into()))?;
    let made = match Store::open(&journal) {
        Err(StoreError::Busy) => ask_the_running_program(&folder, to)?,
        Ok(store) => {
            let made = backups::fresh(&store, &to, System.now_ms()).map_err(|error| explain(&error))?;
            backups::note(folder.path(), &made);
            made
        }
        // The same again, for its words.
        Err(_) => {
            let store = open_store(&folder)?;
            backups::fresh(&store, &to, System.now_ms()).map_err(|error| explain(&error))?
        }
    };
    println!("{}", made.file.display());
    println!(
        "{}, {} bytes, read back and verified",
        check::counted(made.records, "sealed record"),
        made.bytes
    );
    Ok(())
}

/// The program that has the journal open makes the backup: only its snapshot is a sound copy.
fn ask_the_running_program(folder: &DataFolder, to: PathBuf) -> anyhow::Result<LastBackup> {
    let data = folder.path();
    let id = random::array::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    let asked = request::Asked { id, folder: to };
    request::ask(data, &asked).context("the request for a backup cannot be written into the data folder")?;
    let begun = Instant::now();
    loop {
        if let Some(made) = request::answered(data, &asked.id) {
            return made.map_err(|sentence| anyhow!("no backup was made. {sentence}"));
        }
        if request::is_waiting(data) && begun.elapsed() > TAKE_UP_LIMIT && request::withdraw(data) {
            bail!(
                "the journal is open in another program, which did not take up the request for a backup.\n\
                 Use \"Back up now\" on its settings page, or stop it first."
            );
        }
        if is_free(&data.join(JOURNAL_FILE)) && request::answered(data, &asked.id).is_none() {
            request::withdraw(data);
            bail!("the program that had the journal open ended before the backup was made. Run this again.");
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether nobody has the journal open.
fn is_free(journal: &Path) -> bool {
    File::open(journal).is_ok_and(|file| file.try_lock_shared().is_ok())
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn verify(file: &Path, secret: &SecretArgs) -> anyhow::Result<()> {
    let contents = inspect(file)?;
    describe(file, &contents);
    let Some(secret) = secret.ask()? else {
        println!("whole; that it opens only a name and password can show (--name NAME)");
        return Ok(());
    };
    let rows = ArchiveRows::open(file).map_err(|error| explain(&error))?;
    look_inside(&rows, &secret)
}

/// Opens every record and says what was found.
#[allow(clippy::print_stdout, reason = "the output of the command")]
fn look_inside(rows: &dyn Rows, secret: &audit::Secret) -> anyhow::Result<()> {
    let Some(audit) = audit::audit(rows, secret).map_err(|error| explain(&error.into()))? else {
        bail!(
            "nothing in it opens with that name and password, or that code. Nothing was changed. Check both and try again."
        )
    };
    for line in check::audit_lines(&audit) {
        println!("{line}");
    }
    ensure!(
        audit.ok(),
        "something in it is not as it was written; see above. Nothing was changed. Keep another backup too"
    );
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn restore(file: &Path, to: &Path, secret: &SecretArgs) -> anyhow::Result<()> {
    let secret = secret.ask()?;
    let journal = to.join(JOURNAL_FILE);
    ensure!(
        journal.symlink_metadata().is_err(),
        "there is a journal in {} already, and nothing is ever overwritten. Name another folder with --to",
        to.display()
    );
    let contents = inspect(file)?;
    let restored = backup::restore(file, &journal).map_err(|error| explain(&error))?;
    debug_assert_eq!(contents, restored);
    describe(file, &restored);
    println!("restored to {}; written out again it gives the same backup, byte for byte", journal.display());
    if let Some(secret) = secret {
        let store = Store::open(&journal)?;
        look_inside(store.snapshot()?.rows(), &secret)?;
    }
    println!("open it with: llamora serve --data {}", to.display());
    Ok(())
}

fn inspect(file: &Path) -> anyhow::Result<Contents> {
    let open = File::open(file).with_context(|| format!("the backup {} cannot be read", file.display()))?;
    backup::inspect(std::io::BufReader::with_capacity(1 << 18, open)).map_err(|error| explain(&error))
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn describe(file: &Path, contents: &Contents) {
    let tag = backup::tag(&contents.uuid);
    println!("{}", file.display());
    println!(
        "journal {tag}, {}, {}, {} bytes, checksum right",
        check::counted(contents.vaults as u64, "account"),
        check::counted(contents.records, "sealed record"),
        contents.bytes
    );
}

/// What happened, what is safe, what to do.
pub fn explain(error: &BackupError) -> anyhow::Error {
    match error {
        BackupError::Vault(VaultError::Seal(SealError::Newer { needs })) => anyhow!(
            "a newer llamora wrote this (revision {needs} is needed). Nothing was changed.\n\
             Use that version or a later one."
        ),
        BackupError::Vault(VaultError::Replaced) => {
            anyhow!("this password was replaced by another one; use the newer one")
        }
        BackupError::Vault(error) => anyhow!("{error}"),
        BackupError::Archive(error) => anyhow!("{error}. Nothing was changed. Use another backup."),
        BackupError::Contents(what) => {
            anyhow!("this is not the backup of a journal: {what}. Nothing was changed. Choose another file.")
        }
        other => anyhow!("{}", backups::sentence(other)),
    }
}
