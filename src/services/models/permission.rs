//! Who may change the models of an instance.
//!
//! A model is shared: whoever changes it changes it for everybody, takes gigabytes of the disk, and opens connections
//! from this machine. So it is for one person, the owner: whoever has the only journal here, or, where there are several,
//! whoever had the only one when the second came (row `Powner`, which names a vault and nothing else). After a restore
//! into a new file nobody knows who that was, as rows of the instance are in no backup; then models are changed on the
//! command line, until the owner of the machine says otherwise in `models.changed_by`. Everybody sees the models.

use std::sync::Arc;

use crate::{
    blocking,
    config::Changers,
    services::{
        Failure, Services,
        models::{Models, NoChange},
        sessions::Session,
    },
};

const NOT_HERE: &str = "Models cannot be changed in this instance.";
const NOBODY: &str = "Models are not changed on this page here (setting models.changed_by), but with `llamora models` on the machine.";
const OTHER: &str = "The models are shared by everybody here. Whoever began the first journal on this machine can change them.";
const UNKNOWN: &str = "There are several journals here, and this file does not say which was first. Models are changed with \
                       `llamora models` on the machine, or by everybody with the setting models.changed_by = \"everybody\".";

impl Services {
    /// Why this person may not change the models; `None` when nothing stands against it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn no_model_changes(&self, session: &Session) -> Result<Option<&'static str>, Failure> {
        let Some(models) = &self.desk.models else { return Ok(Some(NOT_HERE)) };
        match models.changers {
            Changers::Everybody => Ok(None),
            Changers::Nobody => Ok(Some(NOBODY)),
            Changers::Owner => {
                let vaults = Arc::clone(&self.vaults);
                let owner = blocking::db(move || vaults.owner()).await??;
                Ok(match owner {
                    Some(owner) if owner == session.user.vault.id() => None,
                    Some(_) => Some(OTHER),
                    None => Some(UNKNOWN),
                })
            }
        }
    }

    /// The models, for somebody who may change them.
    ///
    /// # Errors
    /// [`NoChange::NotAllowed`]; when the file cannot be read.
    pub(super) async fn models_for_change(&self, session: &Session) -> Result<&Models, NoChange> {
        match (self.no_model_changes(session).await?, &self.desk.models) {
            (None, Some(models)) => Ok(models),
            (Some(why), _) => Err(NoChange::NotAllowed(why)),
            (None, None) => Err(NoChange::NotAllowed(NOT_HERE)),
        }
    }
}
