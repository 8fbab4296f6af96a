//! `llamora keys refresh`, `revoke`, `raise` and `status`: the keys of a journal, without a browser.
//!
//! Name and password are typed on the terminal, or are the first two lines of standard input; never arguments or
//! environment, which every process of the machine can read.

use std::{
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::{
    app::{JOURNAL_FILE, open_store},
    cli::{Shared, secret},
    clock::System,
    config::Flags,
    crypto::{SealError, header::Profile, secret::RecoveryCode},
    journal::day,
    store::Store,
    vault::{
        KdfChoice, Vaults,
        error::VaultError,
        rotation::{Cursor, Step},
        unlocked::Unlocked,
    },
};

/// `llamora keys`
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    action: Action,
    /// Read name and password from the first two lines of standard input
    #[arg(long, global = true)]
    password_stdin: bool,
}

#[derive(Subcommand, Clone, Copy)]
enum Action {
    /// Seal every record again under fresh keys; password and recovery code stay. Goes on with one that was interrupted
    #[command(after_help = "Example:\n  llamora keys refresh --data /media/stick/llamora-data")]
    Refresh,
    /// Void everything that opens the journal but the password, show a new recovery code, and seal everything again
    #[command(after_help = "Example:\n  llamora keys revoke --data /media/stick/llamora-data")]
    Revoke,
    /// Make each guess of a password cost twice as much, for a thief and for everybody who signs in
    #[command(after_help = "Example:\n  llamora keys raise --data /media/stick/llamora-data")]
    Raise,
    /// Say when the keys were made, and whether a renewal is under way
    #[command(
        after_help = "Example:\n  printf '%s\\n' \"$NAME\" \"$PASSWORD\" | llamora keys status --password-stdin"
    )]
    Status,
}

/// A journal that was opened for its owner.
struct Opened {
    store: Arc<Store>,
    vaults: Vaults,
    vault: Arc<Unlocked>,
    name: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl Keys {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no journal, it is open elsewhere, the password is wrong, or the file cannot be written. What was
    /// begun goes on with the next `keys refresh`, or when its owner signs in.
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        let (folder, _, _) = shared.settle(&Flags::default())?;
        let shown = folder.path().display().to_string();
        ensure!(
            folder.path().join(JOURNAL_FILE).is_file(),
            "there is no journal in {shown}. Name its folder with --data"
        );
        // Before anything is asked: a journal that is open elsewhere cannot be helped here.
        let store = Arc::new(open_store(&folder)?);
        let vaults = Vaults::open(Arc::clone(&store), Arc::new(System), KdfChoice::Default)
            .context("the accounts in the journal cannot be read. Nothing was changed")?;
        let (name, password) = if self.password_stdin { from_stdin()? } else { from_terminal()? };
        let vault = match vaults.sign_in(&name, &password) {
            Ok(Some(vault)) => vault,
            Ok(None) => {
                bail!(
                    "this name and this password do not open a journal here. Nothing was changed. Check both"
                )
            }
            Err(VaultError::Replaced) => bail!(
                "this password was replaced. Nothing was changed. If you did not replace it, compare with a backup"
            ),
            Err(error) => return Err(error).context("the journal cannot be opened. Nothing was changed"),
        };
        let opened = Opened { store, vaults, vault, name, password };
        match self.action {
            Action::Status => opened.status(),
            Action::Refresh => opened.refresh(),
            Action::Revoke => opened.revoke(),
            Action::Raise => opened.raise(),
        }
    }
}

impl Opened {
    #[allow(clippy::print_stdout, reason = "the output of the command")]
    fn status(&self) -> anyhow::Result<()> {
        let state = self.vault.rotation().context("the state of the keys")?;
        let zone = day::zone(&day::machine_zone()).unwrap_or(jiff::tz::TimeZone::UTC);
        println!("keys made       {}", day::Day::at(state.since, &zone));
        println!(
            "last change     {}",
            if state.was_revoked { "revoked" } else { "renewed, or never changed" }
        );
        println!("records         {}", state.all);
        println!("password        scrypt {}", cost(self.vaults.profile()));
        if state.is_draining {
            println!("renewal         {} of {} records are done", state.done, state.all);
        } else if state.is_running() {
            println!("renewal         all records are done; the file is still to be cleaned");
        } else {
            println!("renewal         none under way");
        }
        if state.is_running() {
            println!("                go on with: llamora keys refresh");
        }
        if state.is_code_unconfirmed {
            println!("recovery code   shown, never typed back");
        }
        Ok(())
    }

    #[allow(clippy::print_stdout, reason = "the output of the command")]
    fn refresh(&self) -> anyhow::Result<()> {
        let state = self.vault.rotation().context("the state of the keys")?;
        if !state.is_running() {
            self.vault
                .refresh()
                .context("the renewal could not begin; the password opens the journal as before")?;
        }
        self.drain()?;
        println!("every record is sealed under fresh keys; password and recovery code are as before");
        Ok(())
    }

    #[allow(clippy::print_stdout, reason = "the output of the command")]
    fn revoke(&self) -> anyhow::Result<()> {
        let code = self
            .vaults
            .revoke(&self.vault, &self.password)
            .context(
                "the keys may or may not be revoked now. The password opens the journal either way; run this again",
            )?
            .context("the password does not open this journal any more")?;
        println!("recovery code   {}", code.display().as_str());
        io::stdout().flush().context("standard output")?;
        eprint_line("This code is in force now; the one before opens nothing any more. Write it down.");
        if io::stdin().is_terminal() {
            self.type_back(&code)?;
        }
        self.drain()?;
        println!("the keys are revoked, and every record is sealed under fresh ones");
        eprint_line(
            "Old copies and backups still open with what opened them then: destroy them, and make a new backup.",
        );
        Ok(())
    }

    #[allow(clippy::print_stdout, reason = "the output of the command")]
    fn raise(mut self) -> anyhow::Result<()> {
        // Its password was right; the vault must be closed while the header changes.
        drop(self.vault);
        let raised = self.vaults.raise();
        if let Err(VaultError::Seal(SealError::ParametersInUse)) = raised {
            bail!(
                "somebody has not signed in since the cost was raised last. Nothing was changed. Everybody has to \
                 sign in once, then it can be raised again"
            );
        }
        let is_raised =
            raised.context("the cost may or may not be raised now. Every password opens as before")?;
        // Signing in takes the password along; so does running the command again after it was interrupted here.
        let moved = self.vaults.sign_in(&self.name, &self.password);
        ensure!(
            moved.context("the password moves at its next sign-in")?.is_some(),
            "the password opens nothing any more; it was replaced meanwhile. Use the new one"
        );
        self.vaults.settle().context("the old bytes go at the next start")?;
        let is_alone = self.vaults.retire().context("the former profile is dropped later")?;
        self.store.quiet().context("the file is in order, but could not be left quiet")?;
        let cost = cost(self.vaults.profile());
        if is_raised {
            println!("a guess costs twice what it did: scrypt {cost}");
        } else {
            println!("this is the highest cost: scrypt {cost}");
        }
        if !is_alone {
            println!("the other people here move along when they sign in next");
        }
        eprint_line("Old copies and backups keep the former cost. The recovery code is as before.");
        Ok(())
    }

    /// Asks for the last group of the code until it is right. Leaving it is harmless: the password opens the journal.
    fn type_back(&self, code: &RecoveryCode) -> anyhow::Result<()> {
        let shown = code.display();
        let last = shown.rsplit('-').next().unwrap_or_default();
        loop {
            let typed = secret::ask("Type its last group of four, or nothing to leave it for later: ")?;
            if typed.trim().is_empty() {
                return Ok(());
            }
            if typed.trim().eq_ignore_ascii_case(last) {
                self.vaults.keeps_code(&self.vault, code).context("noting that you have the code")?;
                return Ok(());
            }
            eprint_line("That is not it. Compare it with the code above, symbol by symbol.");
        }
    }

    /// Brings every rotation to its end, compaction included.
    fn drain(&self) -> anyhow::Result<()> {
        const LATER: &str = "the renewal stopped. Nothing is lost; it goes on with `llamora keys refresh`, or when you sign in";
        let is_terminal = io::stderr().is_terminal();
        let mut cursor = Cursor::default();
        loop {
            match self.vault.advance(&mut cursor).context(LATER)? {
                Step::Idle => break,
                Step::Turned => {}
                Step::Moved => {
                    if is_terminal {
                        let state = self.vault.rotation().context(LATER)?;
                        // A progress line that cannot be written is no reason to stop.
                        let _ =
                            write!(io::stderr(), "\rsealing anew {} of {} records", state.done, state.all);
                    }
                }
                Step::Compact => {
                    self.vaults.settle().context(LATER)?;
                    self.vault.compacted().context(LATER)?;
                }
                Step::Stuck(left) => bail!(
                    "{} records do not open{}, so the renewal cannot end. They stay as they are, and everything else \
                     is done. Compare with a backup; to let go of them use Settings, Keys",
                    left.unreadable,
                    if left.is_altered { ", and records were changed outside this program" } else { "" }
                ),
            }
        }
        if is_terminal {
            let _ = writeln!(io::stderr());
        }
        // Leaves the file so that the next start needs no repair.
        self.store.quiet().context("the file is in order, but could not be left quiet")?;
        Ok(())
    }
}

fn cost(profile: &Profile) -> String {
    format!("N = 2^{}, r = {}, p = {}", profile.log2n, profile.r, profile.p)
}

fn from_stdin() -> anyhow::Result<(Zeroizing<String>, Zeroizing<String>)> {
    let (name, password) = (secret::line()?, secret::line()?);
    ensure!(
        !name.is_empty() && !password.is_empty(),
        "the name belongs on the first line of standard input, the password on the second. Nothing was changed"
    );
    Ok((name, password))
}

fn from_terminal() -> anyhow::Result<(Zeroizing<String>, Zeroizing<String>)> {
    ensure!(
        io::stdin().is_terminal(),
        "there is no terminal to ask on. Use --password-stdin, with the name on the first line of standard input and \
         the password on the second"
    );
    let name = secret::ask("Name: ")?;
    Ok((name, secret::prompt("Password: ")?))
}

fn eprint_line(text: &str) {
    // Nobody reads it when it cannot be written.
    let _ = writeln!(io::stderr(), "{text}");
}
