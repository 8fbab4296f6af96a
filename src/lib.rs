//! Llamora: a private journal in one file.
//!
//! Read `ARCHITECTURE.md` first: it names the layers, the invariants and three walk-throughs.

pub mod blocking;
pub mod clock;
pub mod journal;
