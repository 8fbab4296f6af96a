//! Llamora: a private journal in one file.
//!
//! Read `ARCHITECTURE.md` first: it names the layers, the invariants and three walk-throughs.

// Layer 0: values and seams.
pub mod blocking;
pub mod clock;
pub mod config;
pub mod container;
pub mod crypto;
pub mod journal;
pub mod outgoing;
pub mod random;
pub mod shutdown;

// Layer 1: bytes in a file, finding, generating; then keys and rows together.
pub mod llm;
pub mod search;
pub mod store;
pub mod vault;

// Layer 2: use cases.
pub mod services;

// Layers 3 and 4: pages.
pub mod routes;
pub mod web;

// Layer 5: the program.
pub mod app;
pub mod cli;
pub mod lifecycle;
pub mod telemetry;
