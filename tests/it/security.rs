//! What every answer must and must not do.

mod cookies;
mod csrf;
mod headers;
mod host;
mod hostile;
mod keys;
mod memory;
