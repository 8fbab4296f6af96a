//! Tests that cover search as a whole.

mod quality;
mod questions;
mod words;
