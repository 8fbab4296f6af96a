//! The three tables of the data file (`format-v1.md` section 1) and what they tell a thief.
//!
//! | table | key | value | in clear |
//! |---|---|---|---|
//! | `a` | short bytes, first byte the kind: `H` header, `W` wraps, `K` keyrings, `S` sessions, `P` policy | bytes | key-derivation parameters and salts, vault ids, number and kind of wraps and sessions |
//! | `b` | as `a` | byte for byte the same as `a` | the same |
//! | `r` | 24 bytes: vault, generation, blind key | sealed record | number of records of a vault and the length class of each |

use redb::TableDefinition;

/// Length of a row key of table `r`.
pub const ROW_KEY_LEN: usize = 24;

/// Key of a sealed record: vault, generation and blind key. The store does not look inside.
pub type RowBytes = [u8; ROW_KEY_LEN];

pub(super) type SmallTable = TableDefinition<'static, &'static [u8], &'static [u8]>;
pub(super) type RecordTable = TableDefinition<'static, &'static RowBytes, &'static [u8]>;

pub(super) const A: SmallTable = TableDefinition::new("a");
pub(super) const B: SmallTable = TableDefinition::new("b");
pub(super) const R: RecordTable = TableDefinition::new("r");

/// Which of the two byte-identical tables of small rows is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copy {
    /// Table `a`, read first.
    A,
    /// Table `b`, used where `a` is missing or does not verify.
    B,
}

impl Copy {
    /// Both, in the order in which they are read.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];
}
