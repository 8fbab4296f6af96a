//! Black-box tests: they start the real executable and talk to it as a browser, a shell and a thief would.
//!
//! `LLAMORA_BIN` names the executable (make test: dist/llamora, with models inside) and `LLAMORA_SLIM` the one without
//! models; otherwise both are the one cargo has just built, with the checkout's models where they are present.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]
#![cfg(target_os = "linux")]

#[path = "binary/account.rs"]
mod account;
#[path = "binary/backup.rs"]
mod backup;
#[path = "binary/canary.rs"]
mod canary;
#[path = "binary/client.rs"]
mod client;
#[path = "binary/commands.rs"]
mod commands;
#[path = "binary/crowd.rs"]
mod crowd;
#[path = "binary/decryptor.rs"]
mod decryptor;
#[path = "binary/disks.rs"]
mod disks;
#[path = "binary/errors.rs"]
mod errors;
#[path = "binary/figures.rs"]
mod figures;
#[path = "binary/floods.rs"]
mod floods;
#[path = "binary/grown.rs"]
mod grown;
#[path = "binary/guessing.rs"]
mod guessing;
#[path = "binary/keeping.rs"]
mod keeping;
#[path = "binary/keys.rs"]
mod keys;
#[path = "binary/kill.rs"]
mod kill;
#[path = "binary/leaks.rs"]
mod leaks;
#[path = "binary/memory.rs"]
mod memory;
#[path = "binary/models.rs"]
mod models;
#[path = "binary/openings.rs"]
mod openings;
#[path = "binary/places.rs"]
mod places;
#[path = "binary/process.rs"]
mod process;
#[path = "binary/program.rs"]
mod program;
#[path = "binary/saving.rs"]
mod saving;
#[path = "binary/secrets.rs"]
mod secrets;
#[path = "binary/shadows.rs"]
mod shadows;
#[path = "binary/shelf.rs"]
mod shelf;
#[path = "binary/stop.rs"]
mod stop;
#[path = "binary/transfer.rs"]
mod transfer;
#[path = "binary/upstream.rs"]
mod upstream;
#[path = "binary/visitor.rs"]
mod visitor;
