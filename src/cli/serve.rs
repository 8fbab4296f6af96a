//! `llamora`, `llamora serve`, `llamora dev`.

use std::path::PathBuf;

use clap::Args;

use crate::{
    app::{self, Start},
    cli::{Listen, Shared},
    config::Flags,
};

/// Serves the journal until a signal ends the program.
///
/// # Errors
/// When it cannot start.
pub fn run(shared: &Shared, listen: &Listen, open_browser: bool) -> anyhow::Result<()> {
    start(shared, listen, open_browser, None)
}

/// `llamora dev`
#[derive(Args)]
pub struct Dev {
    #[command(flatten)]
    listen: Listen,
    /// Folder with the templates
    #[arg(long, value_name = "DIR", default_value = "templates")]
    templates: PathBuf,
}

impl Dev {
    /// Serves with templates from disk.
    ///
    /// # Errors
    /// When there are no templates or the journal cannot start.
    pub fn run(self, shared: &Shared) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.templates.join("base.html").is_file(),
            "there are no templates in {}; start this in a checkout, or name the folder with --templates",
            self.templates.display()
        );
        start(shared, &self.listen, false, Some(self.templates))
    }
}

fn start(
    shared: &Shared,
    listen: &Listen,
    open_browser: bool,
    templates: Option<PathBuf>,
) -> anyhow::Result<()> {
    let flags = Flags { host: listen.host.clone(), port: listen.port, ..Flags::default() };
    let (folder, config, _) = shared.settle(&flags)?;
    app::run(Start { config, folder, open_browser, templates })
}
