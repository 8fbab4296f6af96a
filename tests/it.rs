//! One integration binary. Start with `tests/it/tidy.rs`: it holds the rules that keep the rest in shape.
#![allow(clippy::unwrap_used, missing_docs)]

mod it {
    mod common;
    mod formats;
    mod fuzzed;
    mod http;
    mod security;
    mod store;
    mod tidy;
}
