//! The data folder: where it is, why it is that one, and that it can be used.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// Folder beside the program that makes it portable.
const PORTABLE: &str = "llamora-data";

/// A data folder that exists.
pub struct DataFolder {
    path: PathBuf,
    reason: &'static str,
}

impl DataFolder {
    /// Chooses the folder and makes it: `--data`, else `LLAMORA_DATA`, else `llamora-data/` beside the program if that
    /// exists (portable use), else the platform's data folder. There is no silent fallback.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn choose(flag: Option<PathBuf>) -> anyhow::Result<Self> {
        let (path, reason) = Self::locate(flag)?;
        make_private(&path).with_context(|| {
            format!(
                "the data folder {} cannot be made. Make its parent writable for this user, or name another folder with --data",
                path.display()
            )
        })?;
        Ok(Self { path, reason })
    }

    fn locate(flag: Option<PathBuf>) -> anyhow::Result<(PathBuf, &'static str)> {
        if let Some(path) = flag {
            return Ok((path, "named by --data"));
        }
        if let Some(path) = env::var_os("LLAMORA_DATA").filter(|path| !path.is_empty()) {
            return Ok((path.into(), "named by LLAMORA_DATA"));
        }
        let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(PORTABLE)));
        if let Some(path) = beside.filter(|path| path.is_dir()) {
            return Ok((path, "beside the program"));
        }
        match platform_folder() {
            Some(path) => Ok((path, "the usual place")),
            None => bail!("no data folder: neither HOME nor a data folder is set. Name one with --data"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it lies beside the program, however it was named, and so travels with it from machine to machine.
    pub fn is_portable(&self) -> bool {
        let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(PORTABLE)));
        let real = |path: &Path| path.canonicalize().ok();
        beside.and_then(|beside| real(&beside)).is_some_and(|beside| real(&self.path) == Some(beside))
    }

    /// Says in the log when other users of this machine can look into the folder. It is not changed: it may be a folder
    /// that holds more than a journal.
    pub fn warn_of_others(&self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&self.path).map_or(0, |facts| facts.permissions().mode() & 0o777);
            if mode & 0o077 != 0 {
                tracing::warn!(
                    mode = format!("{mode:o}"),
                    "other users of this machine can look into the data folder; chmod 700 it"
                );
            }
        }
    }

    /// Why it is this one.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

fn platform_folder() -> Option<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        Some(from("APPDATA")?.join("Llamora"))
    } else if cfg!(target_os = "macos") {
        Some(from("HOME")?.join("Library/Application Support/Llamora"))
    } else {
        from("XDG_DATA_HOME")
            .or_else(|| Some(from("HOME")?.join(".local/share")))
            .map(|data| data.join("llamora"))
    }
}

fn make_private(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
