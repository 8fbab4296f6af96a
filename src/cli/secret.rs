//! How a command gets what opens an account: typed on the terminal without being shown, or from standard input for
//! scripts. Never as an argument, which every process of the machine can read.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use zeroize::Zeroizing;

use crate::{crypto::secret::RecoveryCode, vault::audit::Secret};

/// Longest line that is read.
const MAX_BYTES: usize = 4_096;

/// Options of commands that can look inside.
#[derive(Args, Default)]
pub struct SecretArgs {
    /// Name of the account; its password is asked for
    #[arg(long, value_name = "NAME", conflicts_with = "recovery_code")]
    name: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, requires = "name")]
    password_stdin: bool,
    /// Use a recovery code in place of name and password; it is asked for, or read from standard input
    #[arg(long)]
    recovery_code: bool,
}

impl SecretArgs {
    /// Whether a secret was announced.
    pub fn is_given(&self) -> bool {
        self.name.is_some() || self.recovery_code
    }

    /// Asks for the secret; `None` when none was announced.
    ///
    /// # Errors
    /// When there is no terminal and no line on standard input, or the code has a slip.
    pub fn ask(&self) -> anyhow::Result<Option<Secret>> {
        if self.recovery_code {
            let typed = if io::stdin().is_terminal() { prompt("Recovery code: ")? } else { line()? };
            let code = RecoveryCode::parse(&typed).map_err(|error| {
                anyhow::anyhow!("that is not a recovery code ({error}); check each group of four symbols")
            })?;
            return Ok(Some(Secret::Code(code)));
        }
        let Some(name) = self.name.clone() else { return Ok(None) };
        let password = if self.password_stdin {
            line()?
        } else {
            ensure!(
                io::stdin().is_terminal(),
                "there is no terminal to ask for the password; use --password-stdin and pass it on standard input"
            );
            prompt("Password: ")?
        };
        ensure!(!password.is_empty(), "no password was given, so nothing was done. Run this again");
        Ok(Some(Secret::Password { name, password }))
    }
}

/// The next line of standard input, without its end.
///
/// # Errors
/// When it cannot be read or is too long.
pub fn line() -> anyhow::Result<Zeroizing<String>> {
    // The buffer of the standard library would keep a copy; the allocator of the program wipes it when it is freed.
    let mut line = Zeroizing::new(String::with_capacity(MAX_BYTES));
    io::stdin().lock().read_line(&mut line).context("standard input")?;
    ensure!(line.len() < MAX_BYTES, "the line on standard input is too long");
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// Asks on the terminal; what is typed is shown.
///
/// # Errors
/// Those of [`line()`], and when the terminal cannot be written.
pub fn ask(question: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut terminal = io::stderr();
    write!(terminal, "{question}").and_then(|()| terminal.flush()).context("the terminal")?;
    line()
}

/// The same; what is typed is not shown.
///
/// # Errors
/// Those of [`ask`], and when the terminal cannot hide what is typed.
pub fn prompt(question: &str) -> anyhow::Result<Zeroizing<String>> {
    let _quiet = Quiet::begin()?;
    let line = ask(question);
    // The line end that was typed was not shown either.
    let _ = writeln!(io::stderr());
    line
}

/// A terminal that shows nothing until this is dropped.
struct Quiet;

impl Quiet {
    fn begin() -> anyhow::Result<Self> {
        if !stty("-echo") {
            bail!("this terminal would show what is typed; use --password-stdin instead");
        }
        Ok(Self)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        stty("echo");
    }
}

/// The system's own tool: the calls behind it need `unsafe`.
fn stty(what: &str) -> bool {
    let mut run = Command::new("stty");
    run.arg(what).stdin(Stdio::inherit()).stdout(Stdio::null()).stderr(Stdio::null());
    run.status().is_ok_and(|status| status.success())
}
