//! Switching the model off and on: a sealed setting of each writer.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    blocking,
    services::{
        Failure, Services,
        sessions::{Session, User},
        state::ModelState,
    },
    vault::settings,
};

/// Name of the setting. Its value is [`MODEL_OFF`], or there is none.
pub(crate) const MODEL_SETTING: &str = "model";
/// Value of the setting of a writer who wants no model.
pub(crate) const MODEL_OFF: &[u8] = b"off";

impl Services {
    /// How the model is for a writer, who may have switched it off.
    pub fn model_for(&self, session: &Session) -> ModelState {
        if !session.user.model_is_off.load(Ordering::SeqCst) {
            return self.answering(session, None);
        }
        let sentence = "You have switched the model off. It reads nothing and writes nothing.".to_owned();
        ModelState { state: "off", name: None, sentence }
    }

    /// Switches the model on or off for a writer. Off stops what runs, keeping what is there, and makes the model forget
    /// what it has read.
    ///
    /// # Errors
    /// When it cannot be written; nothing is switched then.
    pub async fn switch_model(self: &Arc<Self>, session: &Session, is_on: bool) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            user.vault.write(|w| {
                if is_on {
                    settings::remove(w, MODEL_SETTING)
                } else {
                    settings::put(w, MODEL_SETTING, MODEL_OFF)
                }
            })
        })
        .await??;
        self.wrote();
        session.user.model_is_off.store(!is_on, Ordering::SeqCst);
        if is_on {
            self.wake_engines();
        } else {
            session.user.running.stop_all().await;
            self.forget_read(&session.user).await;
        }
        Ok(())
    }

    /// Begins to load the models a writer wants.
    pub(super) fn wake_engines_for(&self, user: &User) {
        if !user.model_is_off.load(Ordering::SeqCst) {
            self.wake_engines();
        } else if self.has_embedder {
            self.embed.load();
        }
    }

    /// Whether to say now that there is no model: once after each sign-in.
    pub fn says_no_model(&self, session: &Session) -> bool {
        self.model_for(session).state == "absent" && !session.user.knows_no_model.swap(true, Ordering::SeqCst)
    }
}
