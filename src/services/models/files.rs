//! What is done with model files: fetch, add, verify, remove.

use std::{path::PathBuf, sync::Arc};

use crate::{
    blocking,
    config::manifest,
    llm::{
        catalogue::{Catalogue, Present, Verdict},
        download::{self, DownloadError, Wanted, begun},
        machine,
        shelf::{OnShelf, ShelfError, is_file_name},
        worker::EngineState,
    },
    services::{
        Failure, Services,
        keys::Confirmed,
        models::{
            NoChange, change, sentence,
            work::{Doing, Outcome, Work},
        },
        sessions::Session,
        size::size,
    },
};

/// Room that is left on the disk after a download.
const SPARE: u64 = 300_000_000;
const BUSY: &str = "Something else is being done with model files. Wait until it is finished, or stop it.";
const MISSING: &str = "That model is not here. Load the page again to see which ones are.";

impl Services {
    /// Begins to fetch a model, or goes on with one that was begun.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn fetch_model(self: &Arc<Self>, session: &Session, name: &str) -> Result<(), NoChange> {
        let models = self.models_for_change(session).await?;
        let (shelf, name) = (models.catalogue.shelf.clone(), name.to_owned());
        let wanted = on_disk(move || {
            let begun = || {
                let begun = begun::all(&shelf).into_iter().find(|begun| begun.file == name);
                begun.map(|begun| Wanted::of(begun.url, begun.file))
            };
            Wanted::recommended(&name).or_else(begun)
        });
        self.begin_fetch(wanted.await?.ok_or_else(|| NoChange::Refused(MISSING.to_owned()))?).await
    }

    /// Begins to fetch a model from an address of somebody's own choice. The password was typed again.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn fetch_from(self: &Arc<Self>, owner: &Confirmed, address: &str) -> Result<(), NoChange> {
        self.models_for_change(owner.session()).await?;
        let address = address.trim();
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        if !is_file_name(&file) {
            let why =
                "The address must end in the name of a model file, as in https://example.org/model.gguf.";
            return Err(NoChange::Refused(why.to_owned()));
        }
        self.begin_fetch(Wanted::of(address.to_owned(), file)).await
    }

    async fn begin_fetch(self: &Arc<Self>, wanted: Wanted) -> Result<(), NoChange> {
        let Some(models) = &self.desk.models else { return Err(NoChange::Refused(MISSING.to_owned())) };
        let shelf = models.catalogue.shelf.clone();
        let room = wanted.bytes_expected().map(|all| {
            let (shelf, file) = (shelf.clone(), wanted.file.clone());
            on_disk(move || {
                let left = all.saturating_sub(begun::bytes(&shelf, &file).unwrap_or(0)).saturating_add(SPARE);
                machine::free_bytes(shelf.folder()).map(|free| (left, free))
            })
        });
        if let Some(room) = room
            && let Some((left, free)) = room.await?
            && left > free
        {
            return Err(NoChange::Refused(format!(
                "There is too little room: {} are free where models are kept, and {} are needed. Make room, or choose a \
                 smaller model.",
                size(free),
                size(left)
            )));
        }
        let work = self.desk.files.begin(Doing::Fetching, &wanted.file).ok_or(NoChange::Busy(BUSY))?;
        self.run_on_files(work, move |work| {
            let mut progress = |done, all| work.progress(done, all);
            let got = download::fetch_alone(&shelf, &wanted, &mut progress, &|| work.is_wanted());
            fetched(got, &wanted, begun::bytes(&shelf, &wanted.file))
        });
        Ok(())
    }

    /// Throws away what has come of a model so far.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn discard_model(self: &Arc<Self>, session: &Session, file: &str) -> Result<(), NoChange> {
        let models = self.models_for_change(session).await?;
        let (shelf, name) = (models.catalogue.shelf.clone(), file.to_owned());
        let discarded = on_disk(move || begun::discard(&shelf, &name));
        discarded.await?.map_err(|error| NoChange::Refused(sentence(&error)))?;
        self.desk.files.note(Outcome::good(format!("What had come of {file} is gone.")));
        Ok(())
    }

    /// Copies a model file of this machine onto the shelf. The password was typed again, because this names a path.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn add_model(self: &Arc<Self>, owner: &Confirmed, path: &str) -> Result<(), NoChange> {
        let models = self.models_for_change(owner.session()).await?;
        let (shelf, from) = (models.catalogue.shelf.clone(), PathBuf::from(path.trim()));
        if !from.is_absolute() {
            let why = "Give the whole path of the file, from the root of the disk on.".to_owned();
            return Err(NoChange::Refused(why));
        }
        let name = from.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let work = self.desk.files.begin(Doing::Adding, &name).ok_or(NoChange::Busy(BUSY))?;
        self.run_on_files(work, move |work| {
            let is_wanted = || work.is_wanted();
            match shelf.add_watched(&from, &mut |done, all| work.progress(done, Some(all)), &is_wanted) {
                Ok(OnShelf { file, bytes, .. }) => Outcome {
                    sentence: format!("{file} is here now, {}. Its checksum is remembered.", size(bytes)),
                    usable: Some(file),
                    ..Outcome::good("")
                },
                Err(ShelfError::Stopped) => Outcome::good(format!("{name} was not added.")),
                Err(error) => Outcome::bad(format!("{name} was not added. {}", sentence(&error))),
            }
        });
        Ok(())
    }

    /// Reads a model through and compares it with its checksum. One that has none is remembered.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn verify_model(self: &Arc<Self>, session: &Session, file: &str) -> Result<(), NoChange> {
        let models = self.models_for_change(session).await?;
        let (catalogue, name) = (Arc::clone(&models.catalogue), file.to_owned());
        let looked_up = Arc::clone(&catalogue);
        let present = on_disk(move || present(&looked_up, &name)).await??;
        let work = self.desk.files.begin(Doing::Verifying, file).ok_or(NoChange::Busy(BUSY))?;
        self.run_on_files(work, move |work| {
            let mut progress = |done, all| {
                work.progress(done, Some(all));
                work.is_wanted()
            };
            let file = &present.file;
            match catalogue.verify(&present, &mut progress) {
                Ok(Verdict::AsItShouldBe) => Outcome::good(format!("{file} is as it should be.")),
                Ok(Verdict::Remembered) => Outcome::good(format!(
                    "{file} was seen for the first time. From now on a change to it would be noticed."
                )),
                Ok(Verdict::NothingToCompare) => {
                    Outcome::good(format!("{file} can be read. There is no checksum to compare it with."))
                }
                Ok(Verdict::Altered) => Outcome::bad(format!(
                    "{file} is not the file it was: its checksum differs, so it is not used. Remove it and fetch it again."
                )),
                Err(ShelfError::Stopped) => Outcome::good(format!("{file} was not read to its end.")),
                Err(error) => Outcome::bad(format!("{file} could not be verified. {}", sentence(&error))),
            }
        });
        Ok(())
    }

    /// Deletes a model file from the shelf. The one that is in use stays, unless it does not answer, and nothing goes
    /// while another one is loaded, which may be this one.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn remove_model(self: &Arc<Self>, session: &Session, file: &str) -> Result<(), NoChange> {
        let models = self.models_for_change(session).await?;
        if self.desk.change.is_running() {
            return Err(NoChange::Busy(change::BUSY));
        }
        self.desk.files.begin(Doing::Removing, file).ok_or(NoChange::Busy(BUSY))?;
        let (catalogue, file) = (Arc::clone(&models.catalogue), file.to_owned());
        let is_failed = matches!(self.llm.state(), EngineState::Unavailable(_));
        let ends = Ends { services: Arc::clone(self), outcome: None };
        let removed = on_disk(move || {
            let mut ends = ends;
            if !is_failed && catalogue.used().is_some_and(|used| used.name() == file) {
                let why = format!("{file} is in use. Use another model first, then remove it.");
                return Err(NoChange::Refused(why));
            }
            catalogue.shelf.remove(&file).map_err(|error| NoChange::Refused(sentence(&error)))?;
            ends.outcome = Some(Outcome::good(format!("{file} is removed.")));
            Ok(())
        });
        removed.await?
    }

    /// Stops what is being done with files. What has come of a download is kept.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn stop_model_files(&self, session: &Session) -> Result<(), NoChange> {
        self.models_for_change(session).await?;
        self.desk.files.cancel();
        Ok(())
    }

    fn run_on_files(self: &Arc<Self>, work: Arc<Work>, job: impl FnOnce(&Work) -> Outcome + Send + 'static) {
        let services = Arc::clone(self);
        self.tasks.spawn_forever(async move {
            let running = Arc::clone(&work);
            let ended = blocking::long(move || job(&running)).await;
            services.desk.files.end(ended.unwrap_or_else(|_| {
                Outcome::bad("That failed inside the program. Nothing else is touched; try again.")
            }));
        });
    }
}

/// Runs what looks at a folder or changes one, away from the threads that answer.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    Ok(blocking::db(work).await?)
}

/// Ends what is done with files, also when it panics or nobody waits for it any more.
struct Ends {
    services: Arc<Services>,
    outcome: Option<Outcome>,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.services.desk.files.end(self.outcome.take());
    }
}

/// A model of one of our places, by its file name. A path is none.
pub(super) fn present(catalogue: &Catalogue, file: &str) -> Result<Present, NoChange> {
    let found = catalogue.present().into_iter().find(|present| present.file == file);
    found.ok_or_else(|| NoChange::Refused(MISSING.to_owned()))
}

fn fetched(got: Result<OnShelf, DownloadError>, wanted: &Wanted, kept: Option<u64>) -> Outcome {
    let file = &wanted.file;
    match got {
        Ok(OnShelf { bytes, pinned, .. }) => {
            let checksum = match (wanted.sha256, pinned) {
                (Some(_), _) => "with the checksum it should have".to_owned(),
                (None, Some(pinned)) => {
                    format!("its checksum is remembered (it begins with {})", &manifest::hex(&pinned)[..8])
                }
                (None, None) => "without a checksum".to_owned(),
            };
            Outcome {
                usable: Some(file.clone()),
                ..Outcome::good(format!("{file} is here now, {}, {checksum}.", size(bytes)))
            }
        }
        Err(error) => {
            let what = if error.is_cancelled() {
                format!("The download of {file} was stopped.")
            } else {
                format!("{file} is not here yet. {}", sentence(&error))
            };
            let (next, go_on) = match kept {
                Some(bytes) => (
                    format!("What has come, {}, is kept, and the download goes on from there.", size(bytes)),
                    Some(file.clone()),
                ),
                None => (
                    "Nothing of it was kept. Try again later; the journal works without it.".to_owned(),
                    None,
                ),
            };
            Outcome { is_error: !error.is_cancelled(), go_on, ..Outcome::good(format!("{what} {next}")) }
        }
    }
}
