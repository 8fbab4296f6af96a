//! What one guess of a password costs, and raising it (`format-v1.md` section 2).
//!
//! The cost never changes by itself: a file made on a workstation must still open on a small machine. Raising it makes
//! a new profile with more lanes (p) and the same memory. Each password moves there when its owner signs in, and the
//! profile before is dropped when nobody is left under it.

use crate::{
    crypto::{
        SealError,
        header::{Header, Profile, ROW},
    },
    store::rows::RowsMut,
    vault::{Vaults, error::VaultError, header},
};

impl Vaults {
    /// The function and salt under which new passwords are kept.
    pub fn profile(&self) -> &Profile {
        &self.header.current
    }

    /// Makes guessing cost more: the next profile with the same memory and twice the lanes. `false` when this is the
    /// strongest this program makes. No vault may be open. Signing in afterwards takes a password along; the bytes it
    /// leaves behind go with [`Vaults::settle`].
    ///
    /// # Errors
    /// [`SealError::ParametersInUse`] while somebody has not signed in since the last time; [`VaultError::ReadOnly`];
    /// store errors. Either profile may then be found in the file, and every password opens as before.
    pub fn raise(&mut self) -> Result<bool, VaultError> {
        self.refuse_read_only()?;
        self.retire()?;
        let current = &self.header.current;
        let Ok(stronger) = current.next(current.log2n, current.p.saturating_mul(2)) else { return Ok(false) };
        let mut header = self.header.clone();
        header.adopt(stronger)?;
        self.put_header(header)?;
        Ok(true)
    }

    /// Drops the previous profile when no password is kept under it any more; `true` when it is gone.
    ///
    /// # Errors
    /// Store errors.
    pub fn retire(&mut self) -> Result<bool, VaultError> {
        let Some(previous) = &self.header.previous else { return Ok(true) };
        if self.store.read(|rows| header::is_used(rows, previous.id))? {
            return Ok(false);
        }
        let header = Header { previous: None, ..self.header.clone() };
        self.put_header(header)?;
        Ok(true)
    }

    fn put_header(&mut self, header: Header) -> Result<(), VaultError> {
        let has_open = self.open.get_mut().is_ok_and(|open| open.values().any(|one| one.strong_count() > 0));
        if has_open {
            // An open vault has a copy of the header and would make wraps under a profile that is not current.
            return Err(SealError::ParametersInUse.into());
        }
        self.store
            .write(|rows| -> Result<(), VaultError> { Ok(rows.put_small(ROW, &header.to_bytes())?) })?;
        self.header = header;
        Ok(())
    }
}
