//! The domain: what a journal is made of. Plain values and pure functions, no IO, no clock, no serde.
//!
//! # Glossary (one word per idea, in code, addresses, templates and interface)
//!
//! - **journal**: everything one person has written; **day**: the page, a civil date in the writer's zone.
//! - **entry**: one piece of writing on a day; **reply**: the model's answer to an entry; **opening**: the
//!   model's greeting of a day; **recap**: a summary of a day, week or month; **trace**: a tag.
//! - **draft**: text not yet saved as an entry; **digest**: the fingerprint that tells that a cached text is stale.
//! - **model**: the text generator; **embedder**: text to vector; **upstream**: an OpenAI-compatible server.
//! - **vault**: one person's sealed records; **seal / open**: encrypt / decrypt a record;
//!   **lock / unlock**: forget / derive the keys of a vault.

pub mod dates;
pub mod day;
pub mod entry;
pub mod ids;
pub mod period;
pub mod reply;
pub mod trace;
