//! What somebody who signs in is told of the wrong tries before.

use crate::services::sessions::{Session, guard};

/// Wrong tries for the name of a journal, since it was last opened with that name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WrongTries {
    /// Passwords.
    pub passwords: u32,
    /// Recovery codes.
    pub codes: u32,
    /// When the first one was, milliseconds since 1970.
    pub since: i64,
}

impl Session {
    /// Keeps them for the first page.
    pub fn tell_of(&self, wrong: Option<WrongTries>) {
        *guard(&self.wrong) = wrong;
    }

    /// Hands them out, once.
    pub fn take_wrong(&self) -> Option<WrongTries> {
        guard(&self.wrong).take()
    }
}
