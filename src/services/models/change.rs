//! Another model in place of the one that runs, without a restart; and how fast the one that runs is.

use std::{sync::Arc, time::Duration};

use crate::{
    blocking,
    config::manifest,
    llm::{
        LlmError,
        catalogue::{Candidate, Catalogue},
        machine,
        shelf::ShelfError,
        speed::{self, Bench},
        worker::{
            EngineState,
            swap::{BenchEvent, Order},
        },
    },
    services::{
        Failure, Services,
        models::{
            Models, NoChange, sentence,
            work::{Doing, Outcome, Work},
        },
        sessions::{Session, guard},
    },
};

/// How often the choice in the data folder is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// The program's own choice: the first model there is.
pub const DEFAULT: &str = "default";
pub(super) const BUSY: &str = "Another model is being loaded, or the one in use is being measured. Wait until that is done, or stop it.";

/// How a change was asked for.
enum Asked {
    /// On the page, when `before` was the choice: another one is kept once it has worked.
    OnPage { before: Option<String> },
    /// By the command line, which has kept what is `tried` already: the one before is put back if it does not work.
    ByFile { tried: Option<String> },
}

impl Services {
    /// Begins to use another model: one that is here or in another program's folder, by its name, or [`DEFAULT`]. A
    /// reply that runs comes to its end on the one before, which stays when the new one cannot be loaded.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn use_model(self: &Arc<Self>, session: &Session, name: &str) -> Result<(), NoChange> {
        let models = self.models_for_change(session).await?;
        if !models.catalogue.fixed.is_empty() {
            return Err(NoChange::Refused(format!(
                "The setting models.use names {}. Change it there, or take it out to choose here.",
                models.catalogue.fixed
            )));
        }
        // The page names what it lists, never a path.
        if std::path::Path::new(name).is_absolute() {
            return Err(NoChange::Refused("That is not the name of a model.".to_owned()));
        }
        let (services, name) = (Arc::clone(self), name.to_owned());
        let catalogue = Arc::clone(&models.catalogue);
        // In one go: whoever asked may not wait for it, and what was begun must come to its end.
        let begun = blocking::db(move || {
            let work = services.desk.change.begin(Doing::Changing, &name)?;
            let (asked, changes) =
                (Asked::OnPage { before: catalogue.shelf.chosen() }, Arc::clone(&services));
            services.tasks.spawn_forever(async move { changes.change_to(&work, &name, asked).await });
            Some(())
        });
        begun.await.map_err(Failure::from)?.ok_or(NoChange::Busy(BUSY))
    }

    /// Looks at the choice in the data folder, which the command line changes, and follows it.
    pub async fn follow_choice(self: &Arc<Self>) {
        let Some(models) = &self.desk.models else { return };
        if !models.catalogue.fixed.is_empty() {
            return;
        }
        let catalogue = Arc::clone(&models.catalogue);
        let Ok(chosen) = blocking::db(move || catalogue.shelf.chosen()).await else { return };
        if *guard(&self.desk.acted_on) == chosen {
            return;
        }
        // Nothing is loaded yet, and what will be is looked up then.
        if self.llm.state() == EngineState::Idle {
            *guard(&self.desk.acted_on) = chosen;
            let catalogue = Arc::clone(&models.catalogue);
            let Ok(is_there) = blocking::db(move || catalogue.used().is_some()).await else { return };
            return self.set_has_model(is_there);
        }
        let name = chosen.clone().unwrap_or_else(|| DEFAULT.to_owned());
        // While another change is on its way this one waits.
        let Some(work) = self.desk.change.begin(Doing::Changing, &name) else { return };
        self.change_to(&work, &name, Asked::ByFile { tried: chosen }).await;
    }

    pub(in crate::services) fn start_following_choice(self: &Arc<Self>) {
        if self.desk.models.is_none() {
            return;
        }
        let (weak, services) = (Arc::downgrade(self), Arc::clone(self));
        self.tasks.spawn_forever(async move {
            // What cannot be read counts as not measured, and what cannot be swept is the next time.
            let _ = blocking::db(move || {
                services.desk.read_benches();
                if let Some(models) = &services.desk.models {
                    models.catalogue.shelf.sweep();
                }
            })
            .await;
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(services) = weak.upgrade() else { return };
                services.follow_choice().await;
            }
        });
    }

    async fn change_to(self: &Arc<Self>, work: &Work, name: &str, asked: Asked) {
        let outcome = match &self.desk.models {
            Some(models) => self.changed(models, work, name, asked).await,
            None => Outcome::bad("Models cannot be changed here."),
        };
        self.desk.change.end(outcome);
    }

    async fn changed(self: &Arc<Self>, models: &Models, work: &Work, name: &str, asked: Asked) -> Outcome {
        let before = self.has_model().then(|| self.model().name).flatten();
        let (catalogue, wanted) = (Arc::clone(&models.catalogue), name.to_owned());
        let found = blocking::long(move || candidate(&catalogue, &wanted)).await;
        let loaded = match found {
            Ok(Ok(Some(candidate))) if work.is_wanted() => self.swap_in(models, candidate).await,
            Ok(Ok(Some(_))) => Err("It was stopped.".to_owned()),
            Ok(Ok(None)) if name == DEFAULT => {
                Err("There is no model here any more; the journal works without one.".to_owned())
            }
            Ok(Ok(None)) => {
                Err("There is no such model here; load the page again to see which ones are.".to_owned())
            }
            Ok(Err(error)) => Err(sentence(&error)),
            Err(_) => Err("Looking at it failed inside the program; try again.".to_owned()),
        };
        match loaded {
            Ok((title, kept)) => {
                self.set_has_model(true);
                let services = Arc::clone(self);
                let is_kept = blocking::db(move || services.keep_choice(asked, kept)).await;
                if is_kept.unwrap_or(false) {
                    Outcome::good(format!("{title} answers from now on."))
                } else {
                    Outcome::bad(format!(
                        "{title} answers from now on, but the choice cannot be written into the data folder: after the \
                         next start the model before is used."
                    ))
                }
            }
            Err(why) => {
                let services = Arc::clone(self);
                // A panic there has said so; the model before answers all the same.
                let _ = blocking::db(move || services.take_back(asked)).await;
                let stays = match before {
                    Some(before) => format!("{before} answers as before."),
                    None => "Nothing else was changed.".to_owned(),
                };
                let name = if name == DEFAULT { "The first model there is" } else { name };
                Outcome::bad(format!("{name} is not used. {why} {stays}"))
            }
        }
    }

    /// Keeps the choice that worked, for the next start; whether that could be done. What the command line chose while
    /// it was loaded came later and stands: as it is not what was acted on, it is followed next.
    fn keep_choice(&self, asked: Asked, kept: Option<String>) -> bool {
        let Some(Models { catalogue, .. }) = &self.desk.models else { return false };
        let (acted_on, is_kept) = match asked {
            Asked::ByFile { tried } => (tried, true),
            Asked::OnPage { before } => {
                let is_kept = catalogue.shelf.chosen() != before || keep(catalogue, kept.as_deref());
                (if is_kept { kept } else { before }, is_kept)
            }
        };
        *guard(&self.desk.acted_on) = acted_on;
        is_kept
    }

    /// Puts the choice before in place of one that did not work, unless the command line has made another one since.
    fn take_back(&self, asked: Asked) {
        let (Asked::ByFile { tried }, Some(Models { catalogue, .. })) = (asked, &self.desk.models) else {
            return;
        };
        if catalogue.shelf.chosen() != tried {
            return;
        }
        let mut acted_on = guard(&self.desk.acted_on);
        if !keep(catalogue, acted_on.as_deref()) {
            // It stands there and is not tried again and again.
            *acted_on = tried;
        }
    }

    /// Loads a model in place of the one there is. Gives its name and what is kept as the choice.
    async fn swap_in(
        &self,
        models: &Models,
        candidate: Candidate,
    ) -> Result<(String, Option<String>), String> {
        let Candidate { kept, source, bytes } = candidate;
        let is_ready = matches!(self.llm.state(), EngineState::Ready(_));
        let catalogue = Arc::clone(&models.catalogue);
        let has_room = blocking::db(move || {
            let old = if is_ready { catalogue.used_bytes().unwrap_or(0) } else { 0 };
            machine::holds_both(old, bytes)
        });
        // Without an answer the way that needs less memory.
        let order = if has_room.await.unwrap_or(false) { Order::Overlapping } else { Order::OneAtATime };
        let load = Arc::clone(&models.load);
        match self.llm.swap(move || load(&source), order).await {
            Ok(Ok(identity)) => Ok((identity.name, kept)),
            Ok(Err(LlmError::Cancelled)) | Err(_) => Err("It was stopped.".to_owned()),
            Ok(Err(error)) => Err(sentence(&error)),
        }
    }

    /// Begins to measure the model in use, as background work: whoever wants a reply goes first.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn measure_model(self: &Arc<Self>, session: &Session) -> Result<(), NoChange> {
        let models = self.models_for_change(session).await?;
        let EngineState::Ready(identity) = self.llm.state() else {
            let why = "There is no model to measure yet. Wait until it is loaded.".to_owned();
            return Err(NoChange::Refused(why));
        };
        let work = self.desk.change.begin(Doing::Measuring, &identity.name).ok_or(NoChange::Busy(BUSY))?;
        let counts = speed::counts(models.threads);
        let data = models.catalogue.shelf.data().to_owned();
        let services = Arc::clone(self);
        self.tasks.spawn_forever(async move {
            let bench = services.measured(&work, &counts).await;
            let ended = match bench {
                Err(outcome) => outcome,
                Ok(measured) => {
                    let bench = Bench {
                        model: identity.name.clone(),
                        sha256: manifest::hex(&identity.sha256),
                        machine: machine::name(),
                        measured,
                    };
                    let seconds = bench.best().map(|best| best.speed.seconds(speed::USUAL));
                    let keeps = Arc::clone(&services);
                    let kept = blocking::db(move || {
                        let kept = speed::keep(&data, bench);
                        keeps.desk.read_benches();
                        kept
                    })
                    .await;
                    let takes = speed::about(seconds.unwrap_or(f64::INFINITY));
                    match kept {
                        Ok(Ok(())) => Outcome::good(format!(
                            "{} was measured: a usual reply takes {takes} on this machine.",
                            identity.name
                        )),
                        _ => Outcome::bad(
                            "The model was measured, but the result cannot be written into the data folder.",
                        ),
                    }
                }
            };
            services.desk.change.end(ended);
        });
        Ok(())
    }

    async fn measured(&self, work: &Work, counts: &[u32]) -> Result<Vec<speed::Measured>, Outcome> {
        let failed =
            |error: &LlmError| Outcome::bad(format!("The model was not measured. {}", sentence(error)));
        let mut events = self.llm.bench(counts, work.cancel.clone()).map_err(|error| failed(&error))?;
        let (all, mut measured) = (counts.len() as u64, Vec::new());
        work.progress(0, Some(all));
        while let Some(event) = events.recv().await {
            match event {
                BenchEvent::Measured(one) => measured.push(one),
                BenchEvent::Failed(error) => return Err(failed(&error)),
                BenchEvent::Done => break,
            }
            work.progress(measured.len() as u64, Some(all));
        }
        if measured.len() < counts.len() {
            return Err(Outcome::good("The measurement was stopped. Nothing of it was kept."));
        }
        Ok(measured)
    }

    /// Stops a measurement, or a change that has not begun to load.
    ///
    /// # Errors
    /// See [`NoChange`].
    pub async fn stop_model_change(&self, session: &Session) -> Result<(), NoChange> {
        self.models_for_change(session).await?;
        self.desk.change.cancel();
        Ok(())
    }

    /// How long a usual reply takes on this machine, as a guess for people: by what was measured, else by what the
    /// latest replies took. `None` when nothing is known yet, or when another program answers.
    pub fn usual_wait(&self) -> Option<String> {
        let EngineState::Ready(identity) = self.llm.state() else { return None };
        let bench = self.desk.benches();
        let hex = manifest::hex(&identity.sha256);
        let best = bench.iter().find(|bench| bench.sha256 == hex).and_then(Bench::best);
        let speed = best.map(|best| best.speed).or_else(|| self.llm.speed())?;
        Some(speed::about(speed.seconds(speed::USUAL)))
    }
}

fn candidate(catalogue: &Catalogue, name: &str) -> Result<Option<Candidate>, ShelfError> {
    if name == DEFAULT { Ok(catalogue.first()) } else { catalogue.candidate(name) }
}

/// Writes a choice down, or takes it away; whether that worked.
fn keep(catalogue: &Catalogue, kept: Option<&str>) -> bool {
    match kept {
        Some(kept) => catalogue.shelf.choose(kept).is_ok(),
        None => catalogue.shelf.forget_choice().is_ok(),
    }
}
