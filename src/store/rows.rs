//! Rows inside one transaction.

use std::{
    cell::Cell,
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
};

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, Table, WriteTransaction};

use crate::store::{
    error::StoreError,
    guarded,
    tables::{A, B, Copy, R, RowBytes},
};

/// A row of `a` or `b`: key and value.
pub type SmallRow = (Vec<u8>, Vec<u8>);

/// What a scan does with each row; `Break` ends it early.
pub type Visit<'v> = &'v mut dyn FnMut(&RowBytes, &[u8]) -> ControlFlow<()>;

/// Reading, in a snapshot or inside a write transaction (which sees its own changes).
pub trait Rows {
    /// A small row of one of the two copies.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    fn small(&self, copy: Copy, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// All small rows of one copy whose key starts with `prefix`, in key order.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    fn smalls(&self, copy: Copy, prefix: &[u8]) -> Result<Vec<SmallRow>, StoreError>;

    /// The sealed record stored under `key`.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    fn record(&self, key: &RowBytes) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits the sealed records from `first` to `last`, both included, in key order.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    fn scan(&self, first: &RowBytes, last: &RowBytes, visit: Visit<'_>) -> Result<(), StoreError>;
}

/// Changing rows; nothing is kept unless the whole transaction commits.
pub trait RowsMut: Rows {
    /// Writes a small row to both copies.
    ///
    /// # Errors
    /// When the file cannot be written or is damaged.
    fn put_small(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Removes a small row from both copies.
    ///
    /// # Errors
    /// When the file cannot be written or is damaged.
    fn remove_small(&mut self, key: &[u8]) -> Result<(), StoreError>;

    /// Stores a sealed record and gives back the one it replaces.
    ///
    /// # Errors
    /// When the file cannot be written or is damaged.
    fn insert(&mut self, key: &RowBytes, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes a sealed record and gives it back.
    ///
    /// # Errors
    /// When the file cannot be written or is damaged.
    fn remove(&mut self, key: &RowBytes) -> Result<Option<Vec<u8>>, StoreError>;
}

/// The rows of one snapshot.
pub struct ReadRows<'s> {
    a: ReadOnlyTable<&'static [u8], &'static [u8]>,
    b: ReadOnlyTable<&'static [u8], &'static [u8]>,
    r: ReadOnlyTable<&'static RowBytes, &'static [u8]>,
    failed: &'s AtomicBool,
}

impl<'s> ReadRows<'s> {
    pub(super) fn open(txn: &ReadTransaction, failed: &'s AtomicBool) -> Result<Self, redb::TableError> {
        Ok(Self { a: txn.open_table(A)?, b: txn.open_table(B)?, r: txn.open_table(R)?, failed })
    }

    fn run<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        guarded(work).inspect_err(|_| self.failed.store(true, Ordering::SeqCst))
    }
}

impl Rows for ReadRows<'_> {
    fn small(&self, copy: Copy, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(|| match copy {
            Copy::A => small(&self.a, key),
            Copy::B => small(&self.b, key),
        })
    }

    fn smalls(&self, copy: Copy, prefix: &[u8]) -> Result<Vec<SmallRow>, StoreError> {
        self.run(|| match copy {
            Copy::A => smalls(&self.a, prefix),
            Copy::B => smalls(&self.b, prefix),
        })
    }

    fn record(&self, key: &RowBytes) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(|| record(&self.r, key))
    }

    fn scan(&self, first: &RowBytes, last: &RowBytes, visit: Visit<'_>) -> Result<(), StoreError> {
        self.run(|| scan(&self.r, first, last, visit))
    }
}

/// The rows of one write transaction.
pub struct WriteRows<'t> {
    a: Table<'t, &'static [u8], &'static [u8]>,
    b: Table<'t, &'static [u8], &'static [u8]>,
    r: Table<'t, &'static RowBytes, &'static [u8]>,
    changed: bool,
    failed: Cell<bool>,
}

impl<'t> WriteRows<'t> {
    pub(super) fn open(txn: &'t WriteTransaction) -> Result<Self, redb::TableError> {
        Ok(Self {
            a: txn.open_table(A)?,
            b: txn.open_table(B)?,
            r: txn.open_table(R)?,
            changed: false,
            failed: Cell::new(false),
        })
    }

    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    pub(super) fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Writes a row to one copy only: for tests that damage a file.
    #[cfg(test)]
    pub fn put_small_one(&mut self, copy: Copy, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.changed = true;
        let table = match copy {
            Copy::A => &mut self.a,
            Copy::B => &mut self.b,
        };
        table.insert(key, value)?;
        Ok(())
    }

    /// Removes a row from one copy only: for tests that damage a file.
    #[cfg(test)]
    pub fn remove_small_one(&mut self, copy: Copy, key: &[u8]) -> Result<(), StoreError> {
        self.changed = true;
        let table = match copy {
            Copy::A => &mut self.a,
            Copy::B => &mut self.b,
        };
        table.remove(key)?;
        Ok(())
    }

    fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|_| self.failed.set(true))
    }
}

impl Rows for WriteRows<'_> {
    fn small(&self, copy: Copy, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.note(guarded(|| match copy {
            Copy::A => small(&self.a, key),
            Copy::B => small(&self.b, key),
        }))
    }

    fn smalls(&self, copy: Copy, prefix: &[u8]) -> Result<Vec<SmallRow>, StoreError> {
        self.note(guarded(|| match copy {
            Copy::A => smalls(&self.a, prefix),
            Copy::B => smalls(&self.b, prefix),
        }))
    }

    fn record(&self, key: &RowBytes) -> Result<Option<Vec<u8>>, StoreError> {
        self.note(guarded(|| record(&self.r, key)))
    }

    fn scan(&self, first: &RowBytes, last: &RowBytes, visit: Visit<'_>) -> Result<(), StoreError> {
        self.note(guarded(|| scan(&self.r, first, last, visit)))
    }
}

impl RowsMut for WriteRows<'_> {
    fn put_small(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.changed = true;
        let (a, b) = (&mut self.a, &mut self.b);
        let done = guarded(|| {
            a.insert(key, value)?;
            b.insert(key, value)?;
            Ok(())
        });
        self.note(done)
    }

    fn remove_small(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.changed = true;
        let (a, b) = (&mut self.a, &mut self.b);
        let done = guarded(|| {
            a.remove(key)?;
            b.remove(key)?;
            Ok(())
        });
        self.note(done)
    }

    fn insert(&mut self, key: &RowBytes, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.changed = true;
        let r = &mut self.r;
        let done = guarded(|| Ok(r.insert(key, value)?.map(|old| old.value().to_vec())));
        self.note(done)
    }

    fn remove(&mut self, key: &RowBytes) -> Result<Option<Vec<u8>>, StoreError> {
        self.changed = true;
        let r = &mut self.r;
        let done = guarded(|| Ok(r.remove(key)?.map(|old| old.value().to_vec())));
        self.note(done)
    }
}

fn small(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

fn smalls(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
) -> Result<Vec<SmallRow>, StoreError> {
    let mut found = Vec::new();
    for row in table.range::<&[u8]>(prefix..)? {
        let (key, value) = row?;
        if !key.value().starts_with(prefix) {
            break;
        }
        found.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(found)
}

fn record(
    table: &impl ReadableTable<&'static RowBytes, &'static [u8]>,
    key: &RowBytes,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

fn scan(
    table: &impl ReadableTable<&'static RowBytes, &'static [u8]>,
    first: &RowBytes,
    last: &RowBytes,
    visit: Visit<'_>,
) -> Result<(), StoreError> {
    for row in table.range::<&RowBytes>(first..=last)? {
        let (key, value) = row?;
        if visit(key.value(), value.value()).is_break() {
            break;
        }
    }
    Ok(())
}
