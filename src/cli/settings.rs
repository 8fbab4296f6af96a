//! `llamora config`: the effective configuration and where each value came from.

use crate::{cli::Shared, config::Flags};

/// Prints every setting on a line.
///
/// # Errors
/// When the configuration is wrong.
#[allow(clippy::print_stdout, reason = "the output of the command")]
pub fn run(shared: &Shared) -> anyhow::Result<()> {
    let (folder, _, effective) = shared.settle(&Flags::default())?;
    println!("# data folder: {} ({})", folder.path().display(), folder.reason());
    let width = effective.iter().map(|line| line.key.len() + line.value.len()).max().unwrap_or(0) + 3;
    for line in effective {
        let setting = format!("{} = {}", line.key, line.value);
        println!("{setting:width$}  # {}", line.origin);
    }
    Ok(())
}
