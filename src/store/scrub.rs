//! Taking every byte of what was replaced or removed out of the file.
//!
//! redb never changes a page in place. What its compaction leaves, and what is done about it:
//! - In gaps between pages of different sizes old rows can still be read (in every third file of mixed rows that was
//!   tried). Every gap is filled with rows of one page each.
//! - A page that redb remembers is given out again as it was, and only as much of it is written as is needed: behind
//!   the last row of a page in use old rows may stand. So the file is opened anew, which forgets all pages, and every
//!   row is copied to a page that begins with zeros.

use std::sync::{PoisonError, atomic::Ordering};

use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};

use crate::store::{
    Store,
    error::StoreError,
    guarded,
    tables::{A, B, R, RecordTable, SmallTable},
};

/// Exists only while gaps are being filled. A crash may leave it behind; the next time it is filled on and removed.
const FILLER: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("filler");
/// Tables of one row each. A leaf that is split in the transaction that made it is given back without ever having been
/// written, and with it a gap: what is open when the filling ends is taken by these, which split nothing.
const CORKS: usize = 16;
/// More than half of redb's page of 4,096 bytes, so that each row takes a page of its own.
const ROW_BYTES: usize = 3_600;

impl Store {
    /// Writes the file anew, in place: afterwards no byte of what was replaced or removed is in it. For changes of keys
    /// and for deletions that must be final. It needs room for a second copy meanwhile, and takes a few times as long
    /// as [`Store::compact`].
    ///
    /// # Errors
    /// When the file cannot be written. The file may then be longer than it was, and can be scrubbed again.
    pub fn scrub(&self) -> Result<(), StoreError> {
        // Opens it anew.
        self.failed.store(true, Ordering::SeqCst);
        drop(self.for_writing()?);
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if slot.reads_only.is_some() {
            return Err(StoreError::ReadOnly); // since a moment ago; an overlay never grows the file
        }
        let database = slot.database.as_mut().ok_or(StoreError::Failed)?;
        self.unquiet.store(true, Ordering::SeqCst);
        guarded(|| {
            rewrite(database)?;
            while database.compact()? {}
            overwrite_gaps(database, || self.medium.len())?;
            while database.compact()? {}
            Ok(())
        })
        .map_err(|err| self.fail(err))?;
        self.committed();
        Ok(())
    }
}

/// Copies every row to a page that nothing else was on, in one transaction.
fn rewrite(database: &Database) -> Result<(), StoreError> {
    let mut txn = database.begin_write()?;
    txn.set_two_phase_commit(true);
    copy(&txn, A, SmallTable::new("a copy"))?;
    copy(&txn, B, SmallTable::new("b copy"))?;
    copy(&txn, R, RecordTable::new("r copy"))?;
    Ok(txn.commit()?)
}

/// Puts a copy in the place of a table.
fn copy<K: redb::Key + 'static>(
    txn: &WriteTransaction,
    table: TableDefinition<'static, K, &'static [u8]>,
    place: TableDefinition<'static, K, &'static [u8]>,
) -> Result<(), StoreError> {
    {
        let (old, mut new) = (txn.open_table(table)?, txn.open_table(place)?);
        for row in old.iter()? {
            let (key, value) = row?;
            new.insert(key.value(), value.value())?;
        }
    }
    txn.delete_table(table)?;
    Ok(txn.rename_table(place, table)?)
}

/// Fills pages until the file has to grow, which is when no page is free any more, and gives them back. `len` is the
/// length of the file. The file stays longer than it was: compact it afterwards.
fn overwrite_gaps(database: &Database, len: impl Fn() -> u64) -> Result<(), StoreError> {
    let before = len();
    let mut txn = database.begin_write()?;
    txn.set_two_phase_commit(true);
    {
        let mut filler = txn.open_table(FILLER)?;
        let mut key = 0;
        while len() <= before {
            filler.insert(key, [0; ROW_BYTES].as_slice())?;
            key += 1;
        }
    }
    for cork in 0..CORKS {
        let name = format!("cork {cork}");
        txn.open_table(TableDefinition::<u64, &[u8]>::new(&name))?.insert(0, [0; ROW_BYTES].as_slice())?;
    }
    txn.commit()?;
    let mut txn = database.begin_write()?;
    txn.set_two_phase_commit(true);
    txn.delete_table(FILLER)?;
    for cork in 0..CORKS {
        let name = format!("cork {cork}");
        txn.delete_table(TableDefinition::<u64, &[u8]>::new(&name))?;
    }
    Ok(txn.commit()?)
}
