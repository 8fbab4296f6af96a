//! Behaviour of the pages, through the whole route tree.

mod account;
mod auth;
mod backup;
mod choosing;
mod connections;
mod entries;
mod errors;
mod guessing;
mod held;
mod integrity;
mod invitations;
mod kept;
mod limits;
mod older;
mod replies;
mod rotation;
mod search;
mod server;
mod sessions;
mod streams;
mod table;
mod together;
mod traces;
mod transfer;
mod trash;
mod upstream;
