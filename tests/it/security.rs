//! What every answer must and must not do.

mod clock;
mod cookies;
mod csrf;
mod fresh;
mod headers;
mod host;
mod hostile;
mod injection;
mod keys;
mod memory;
mod ways;
