//! Recent searches: kept sealed, unless their writer wants none kept.

use std::sync::Arc;

use crate::{
    blocking,
    search::filter::{By, Order},
    services::{
        Failure, Services,
        finding::asked::{Asked, Fields},
        sessions::Session,
    },
    vault::{
        error::VaultError,
        searches::{self, Search},
        transaction::Writer,
    },
};

/// What a writer looked for lately.
pub struct Recent {
    /// Whether searches are kept.
    pub are_kept: bool,
    /// Those that are kept, newest first.
    pub searches: Vec<Kept>,
}

/// A search that is kept.
pub struct Kept {
    /// When it was made; names it among the others.
    pub at: i64,
    /// What was asked.
    pub asked: Asked,
}

impl Services {
    /// The recent searches of a writer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recent_searches(&self, session: &Session) -> Result<Recent, Failure> {
        let user = Arc::clone(&session.user);
        let (are_kept, found) = blocking::db(move || {
            user.vault.read(|r| {
                // A setting that cannot be read keeps nobody from searching.
                let are_kept = searches::are_kept(r);
                let are_kept = if are_kept.as_ref().is_err_and(VaultError::is_of_one_record) {
                    Ok(true)
                } else {
                    are_kept
                };
                Ok((are_kept?, searches::all(r)?))
            })
        })
        .await??;
        let searches = found.into_iter().map(|search| Kept { at: search.at, asked: Asked::from(&search) });
        Ok(Recent { are_kept, searches: searches.collect() })
    }

    /// A recent search again; `None` when it was forgotten meanwhile.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recent_search(&self, session: &Session, at: i64) -> Result<Option<Asked>, Failure> {
        let searches = self.recent_searches(session).await?.searches;
        Ok(searches.into_iter().find(|kept| kept.at == at).map(|kept| kept.asked))
    }

    /// Keeps a search that was made, unless its writer wants none kept, or nothing can be written now: searching works
    /// all the same.
    pub async fn keep_search(&self, session: &Session, asked: &Asked) {
        if !session.may_write() || self.store_note().is_some() {
            return;
        }
        let (user, search) = (Arc::clone(&session.user), asked.at(self.clock.now_ms()));
        let kept = blocking::db(move || {
            if user.vault.read(searches::are_kept)? {
                user.vault.write(|w| searches::keep(w, &search))?;
            }
            Ok::<_, VaultError>(())
        })
        .await;
        match kept {
            Ok(Ok(())) => self.wrote(),
            Ok(Err(error)) => tracing::warn!(%error, "a search could not be kept"),
            Err(error) => tracing::error!(%error, "a search could not be kept"),
        }
    }

    /// Forgets one search.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn forget_search(&self, session: &Session, at: i64) -> Result<(), Failure> {
        self.change_searches(session, move |w| searches::forget(w, at)).await
    }

    /// Forgets all searches.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn forget_searches(&self, session: &Session) -> Result<(), Failure> {
        self.change_searches(session, searches::clear).await
    }

    /// Begins or ends keeping searches; with the end, all are forgotten.
    ///
    /// # Errors
    /// When it cannot be written; then all is as it was.
    pub async fn keep_searches(&self, session: &Session, are_kept: bool) -> Result<(), Failure> {
        self.change_searches(session, move |w| searches::keep_any(w, are_kept)).await
    }

    async fn change_searches(
        &self,
        session: &Session,
        change: impl FnOnce(&mut Writer<'_>) -> Result<(), VaultError> + Send + 'static,
    ) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.write(change)).await??;
        self.wrote();
        Ok(())
    }
}

impl Asked {
    fn at(&self, now: i64) -> Search {
        let Fields { q, from, to, traces, .. } = self.fields();
        Search {
            at: now,
            text: q.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            traces: traces.to_owned(),
            by: match self.by {
                By::Everybody => 0,
                By::Writer => 1,
                By::Machine => 2,
            },
            order: match self.order {
                Order::Best => 0,
                Order::Newest => 1,
            },
        }
    }
}

impl From<&Search> for Asked {
    fn from(search: &Search) -> Self {
        Self::of(Fields {
            q: &search.text,
            from: &search.from,
            to: &search.to,
            traces: &search.traces,
            by: match search.by {
                1 => "writer",
                2 => "machine",
                _ => "",
            },
            order: if search.order == 1 { "newest" } else { "" },
        })
    }
}
