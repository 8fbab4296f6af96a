//! The address table: every route of the program on one screen. It builds the poem route, and every test that says
//! "for each route" reads it.

pub mod ask;
pub mod assets;
pub mod auth;
pub mod calendar;
pub mod choosing;
pub mod confirm;
pub mod days;
pub mod device;
pub mod drafts;
pub mod entries;
pub mod health;
pub mod integrity;
pub mod invitations;
pub mod items;
pub mod keys;
pub mod look;
pub mod machine;
pub mod model;
pub mod older;
mod openings;
pub mod recaps;
pub mod recent;
pub mod register;
pub mod replies;
pub mod reviews;
pub mod search;
pub mod security;
pub mod sessions;
pub mod settings;
mod told;
pub mod traces;
pub mod transfer;
pub mod trash;
pub mod welcome;

use std::sync::Arc;

use poem::http::Method;

use crate::web::{
    form::Limit,
    state::AppState,
    table::{Handler, Kind, Row, Table},
};

/// The table with its shared state, ready for [`crate::web::wrap`].
pub fn table(state: Arc<AppState>) -> Table {
    Table::new(state, ROWS, |call, held| Box::pin(auth::sign_in_first(call, held)))
}

macro_rules! row {
    ($method:ident $pattern:literal open $handler:path, $kind:expr, $sample:literal) => {
        row!(@ $method, $pattern, Handler::Open(|call| Box::pin($handler(call))), $kind, $sample)
    };
    ($method:ident $pattern:literal open_form $handler:path, $kind:expr, $sample:literal) => {
        row!(@ $method, $pattern, Handler::OpenForm(|call, form| Box::pin($handler(call, form))), $kind, $sample)
    };
    ($method:ident $pattern:literal signed $handler:path, $kind:expr, $sample:literal) => {
        row!(@ $method, $pattern, Handler::Signed(|call, session| Box::pin($handler(call, session))), $kind, $sample)
    };
    ($method:ident $pattern:literal signed_form $handler:path, $kind:expr, $sample:literal) => {
        row!(@ $method, $pattern,
            Handler::SignedForm(|call, session, form| Box::pin($handler(call, session, form))), $kind, $sample)
    };
    (@ $method:ident, $pattern:literal, $handler:expr, $kind:expr, $sample:literal) => {
        Row { method: Method::$method, pattern: $pattern, handler: $handler, kind: $kind, sample: $sample }
    };
}

const LOGIN: Kind = Kind::Form(Limit::Login);
const ENTRY: Kind = Kind::Form(Limit::Entry);
const OTHER: Kind = Kind::Form(Limit::Other);
const IMPORT: Kind = Kind::Form(Limit::Import);

/// Every route. `open` rows are for anybody, `signed` rows need a session, `_form` rows need a token.
#[rustfmt::skip]
pub static ROWS: &[Row] = &[
    row!(GET    "/"                                open        auth::root,            Kind::Page,   "/"),
    row!(GET    "/register"                        open        register::new_account, Kind::Page,   "/register"),
    row!(POST   "/register"                        open_form   register::register,    LOGIN,        "/register"),
    row!(GET    "/login"                           open        auth::show_login,      Kind::Page,   "/login"),
    row!(POST   "/login"                           open_form   auth::login,           LOGIN,        "/login"),
    row!(POST   "/logout"                          open_form   auth::logout,          OTHER,        "/logout"),
    row!(POST   "/lock"                            open_form   auth::lock,            OTHER,        "/lock"),
    row!(GET    "/older"                           signed      older::show,           Kind::Page,   "/older"),
    row!(POST   "/older/continue"                  signed_form older::go_on,          OTHER,        "/older/continue"),
    row!(POST   "/older/read-only"                 signed_form older::read_only,      OTHER,        "/older/read-only"),
    row!(GET    "/recover"                         open        auth::show_recover,    Kind::Page,   "/recover"),
    row!(POST   "/recover"                         open_form   auth::recover,         LOGIN,        "/recover"),
    row!(POST   "/password-strength"               open_form   choosing::strength,    OTHER,        "/password-strength"),
    row!(POST   "/passphrase"                      open_form   choosing::passphrase,  OTHER,        "/passphrase"),
    row!(GET    "/d/today"                         signed      days::today,           Kind::Page,   "/d/today"),
    row!(GET    "/d/:date"                         signed      days::show,            Kind::Page,   "/d/2026-11-20"),
    row!(POST   "/d/:date/entries"                 signed_form entries::create,       ENTRY,        "/d/2026-11-20/entries"),
    row!(POST   "/d/:date/draft"                   signed_form drafts::of_day,        ENTRY,        "/d/2026-11-20/draft"),
    row!(GET    "/d/:date/recap"                   signed      days::recap,           Kind::Page,   "/d/2026-11-20/recap"),
    row!(GET    "/d/:date/recap/line"              signed      recaps::line,            Kind::Page,   "/d/2026-11-20/recap/line"),
    row!(POST   "/d/:date/recap/remove"            signed_form days::remove_recap,    OTHER,        "/d/2026-11-20/recap/remove"),
    row!(GET    "/d/:date/opening"                 signed      openings::show,        Kind::Page,   "/d/2026-11-20/opening"),
    row!(POST   "/d/:date/opening"                 signed_form openings::make,        OTHER,        "/d/2026-11-20/opening"),
    row!(POST   "/d/:date/opening/fold"            signed_form openings::fold,        OTHER,        "/d/2026-11-20/opening/fold"),
    row!(POST   "/d/:date/opening/dismiss"         signed_form openings::dismiss,     OTHER,        "/d/2026-11-20/opening/dismiss"),
    row!(POST   "/d/:date/opening/remove"          signed_form openings::remove,      OTHER,        "/d/2026-11-20/opening/remove"),
    row!(GET    "/d/:date/on-this-day"             signed      days::on_this_day,     Kind::Page,   "/d/2026-11-20/on-this-day"),
    row!(GET    "/calendar"                        signed      calendar::choose,      Kind::Page,   "/calendar"),
    row!(GET    "/calendar/:year"                  signed      calendar::year,        Kind::Page,   "/calendar/2026"),
    row!(GET    "/calendar/:year/:month"           signed      calendar::month,       Kind::Page,   "/calendar/2026/11"),
    row!(GET    "/review/:period"                  signed      reviews::show,         Kind::Page,   "/review/2026-11"),
    row!(GET    "/welcome"                         signed      welcome::show,         Kind::Page,   "/welcome"),
    row!(POST   "/welcome"                         signed_form welcome::begin,        OTHER,        "/welcome"),
    row!(GET    "/shortcuts"                       signed      welcome::shortcuts,    Kind::Page,   "/shortcuts"),
    row!(POST   "/sample/remove"                   signed_form welcome::remove_sample, OTHER,       "/sample/remove"),
    row!(GET    "/entries/:id"                     signed      entries::show,         Kind::Page,   "/entries/01KAMQ0000000000000000000A"),
    row!(GET    "/entries/:id/edit"                signed      entries::edit,         Kind::Page,   "/entries/01KAMQ0000000000000000000A/edit"),
    row!(POST   "/entries/:id/draft"               signed_form drafts::of_entry,      ENTRY,        "/entries/01KAMQ0000000000000000000A/draft"),
    row!(POST   "/entries/:id/draft/discard"       signed_form drafts::discard,       OTHER,        "/entries/01KAMQ0000000000000000000A/draft/discard"),
    row!(PUT    "/entries/:id"                     signed_form entries::update,       ENTRY,        "/entries/01KAMQ0000000000000000000A"),
    row!(POST   "/entries/:id"                     signed_form entries::update,       ENTRY,        "/entries/01KAMQ0000000000000000000A"),
    row!(DELETE "/entries/:id"                     signed_form entries::remove,       OTHER,        "/entries/01KAMQ0000000000000000000A"),
    row!(POST   "/entries/:id/delete"              signed_form entries::remove,       OTHER,        "/entries/01KAMQ0000000000000000000A/delete"),
    row!(POST   "/entries/:id/restore"             signed_form entries::restore,      OTHER,        "/entries/01KAMQ0000000000000000000A/restore"),
    row!(POST   "/entries/:id/purge"               signed_form trash::purge,          OTHER,        "/entries/01KAMQ0000000000000000000A/purge"),
    row!(GET    "/entries/:id/versions"            signed      entries::versions,     Kind::Page,   "/entries/01KAMQ0000000000000000000A/versions"),
    row!(POST   "/entries/:id/versions/:n/restore" signed_form entries::restore_version, OTHER,     "/entries/01KAMQ0000000000000000000A/versions/1/restore"),
    row!(POST   "/entries/:id/replies"             signed_form replies::create,       OTHER,        "/entries/01KAMQ0000000000000000000A/replies"),
    row!(GET    "/entries/:id/sending"             signed      model::preview,        Kind::Page,   "/entries/01KAMQ0000000000000000000A/sending"),
    row!(POST   "/entries/:id/tasks/:n"            signed_form entries::tick,         OTHER,        "/entries/01KAMQ0000000000000000000A/tasks/0"),
    row!(POST   "/entries/:id/sending"             signed_form entries::sending,      OTHER,        "/entries/01KAMQ0000000000000000000A/sending"),
    row!(GET    "/replies/:id"                     signed      replies::show,         Kind::Page,   "/replies/01KAMQ0000000000000000000A"),
    row!(GET    "/replies/:id/events"              signed      replies::events,       Kind::Events, "/replies/01KAMQ0000000000000000000A/events"),
    row!(DELETE "/replies/:id"                     signed_form replies::stop,         OTHER,        "/replies/01KAMQ0000000000000000000A"),
    row!(POST   "/replies/:id/stop"                signed_form replies::stop,         OTHER,        "/replies/01KAMQ0000000000000000000A/stop"),
    row!(POST   "/replies/:id/retry"               signed_form replies::retry,        OTHER,        "/replies/01KAMQ0000000000000000000A/retry"),
    row!(POST   "/replies/:id/delete"              signed_form replies::remove,       OTHER,        "/replies/01KAMQ0000000000000000000A/delete"),
    row!(POST   "/entries/:id/traces"              signed_form traces::attach,        OTHER,        "/entries/01KAMQ0000000000000000000A/traces"),
    row!(POST   "/entries/:id/traces/offer"        signed_form traces::offers::offer, OTHER,        "/entries/01KAMQ0000000000000000000A/traces/offer"),
    row!(POST   "/entries/:id/traces/labels"       signed_form traces::offers::labels, OTHER,        "/entries/01KAMQ0000000000000000000A/traces/labels"),
    row!(POST   "/entries/:id/traces/refuse"       signed_form traces::offers::refuse_name, OTHER,        "/entries/01KAMQ0000000000000000000A/traces/refuse"),
    row!(DELETE "/entries/:id/traces/:trace"       signed_form traces::detach,        OTHER,        "/entries/01KAMQ0000000000000000000A/traces/01KAMQ0000000000000000000B"),
    row!(POST   "/entries/:id/traces/:trace/delete" signed_form traces::detach,       OTHER,        "/entries/01KAMQ0000000000000000000A/traces/01KAMQ0000000000000000000B/delete"),
    row!(GET    "/traces"                          signed      traces::index::index,  Kind::Page,   "/traces"),
    row!(POST   "/traces"                          signed_form traces::index::filter, OTHER,        "/traces"),
    row!(POST   "/traces/undo"                     signed_form traces::undo,          OTHER,        "/traces/undo"),
    row!(GET    "/traces/:id"                      signed      traces::show,          Kind::Page,   "/traces/01KAMQ0000000000000000000B"),
    row!(GET    "/traces/:id/summary"              signed      traces::about::summary, Kind::Page,   "/traces/01KAMQ0000000000000000000B/summary"),
    row!(POST   "/traces/:id/summary/remove"       signed_form traces::about::remove_summary, OTHER, "/traces/01KAMQ0000000000000000000B/summary/remove"),
    row!(GET    "/traces/:id/about"                signed      traces::about::about,   Kind::Page,   "/traces/01KAMQ0000000000000000000B/about"),
    row!(POST   "/traces/:id/pin"                  signed_form traces::pin,           OTHER,        "/traces/01KAMQ0000000000000000000B/pin"),
    row!(POST   "/traces/:id/rename"               signed_form traces::rename,        OTHER,        "/traces/01KAMQ0000000000000000000B/rename"),
    row!(POST   "/traces/:id/merge"                signed_form traces::merge,         OTHER,        "/traces/01KAMQ0000000000000000000B/merge"),
    row!(POST   "/traces/:id/apart"                signed_form traces::index::apart,  OTHER,        "/traces/01KAMQ0000000000000000000B/apart"),
    row!(POST   "/traces/:id/delete"               signed_form traces::delete,        OTHER,        "/traces/01KAMQ0000000000000000000B/delete"),
    row!(GET    "/search"                          signed      search::new,           Kind::Page,   "/search"),
    row!(POST   "/search"                          signed_form search::list,          OTHER,        "/search"),
    row!(POST   "/search/recent/forget"            signed_form recent::forget,        OTHER,        "/search/recent/forget"),
    row!(POST   "/search/recent/clear"             signed_form recent::clear,         OTHER,        "/search/recent/clear"),
    row!(POST   "/search/recent/keep"              signed_form recent::switch,        OTHER,        "/search/recent/keep"),
    row!(POST   "/search/:n/kept"                  signed_form recent::keep,          OTHER,        "/search/1/kept"),
    row!(GET    "/search/:n"                       signed      search::again,         Kind::Page,   "/search/1"),
    row!(GET    "/ask"                             signed      ask::new,              Kind::Page,   "/ask"),
    row!(POST   "/ask"                             signed_form ask::ask,              OTHER,        "/ask"),
    row!(GET    "/ask/:n"                          signed      ask::show,             Kind::Page,   "/ask/1"),
    row!(POST   "/ask/:n/words"                    signed_form ask::words,            OTHER,        "/ask/1/words"),
    row!(GET    "/trash"                           signed      trash::list,           Kind::Page,   "/trash"),
    row!(POST   "/trash/empty"                     signed_form trash::empty,          OTHER,        "/trash/empty"),
    row!(GET    "/settings/data"                   signed      settings::data,        Kind::Page,   "/settings/data"),
    row!(POST   "/settings/data/backup"            signed_form settings::back_up,     OTHER,        "/settings/data/backup"),
    row!(POST   "/settings/data/export"            signed_form transfer::export,      OTHER,        "/settings/data/export"),
    row!(GET    "/settings/data/import"            signed      transfer::show,        Kind::Page,   "/settings/data/import"),
    row!(POST   "/settings/data/import"            signed_form transfer::read,        IMPORT,       "/settings/data/import"),
    row!(POST   "/settings/data/import/start"      signed_form transfer::go_on,       OTHER,        "/settings/data/import/start"),
    row!(POST   "/settings/data/import/forget"     signed_form transfer::forget,      OTHER,        "/settings/data/import/forget"),
    row!(GET    "/settings/integrity"              signed      integrity::show,       Kind::Page,   "/settings/integrity"),
    row!(POST   "/settings/integrity/check"        signed_form integrity::check,      OTHER,        "/settings/integrity/check"),
    row!(POST   "/settings/integrity/accept"       signed_form integrity::accept,     OTHER,        "/settings/integrity/accept"),
    row!(GET    "/settings/keys"                   signed      keys::show,            Kind::Page,   "/settings/keys"),
    row!(POST   "/settings/keys/refresh"           signed_form keys::refresh,         OTHER,        "/settings/keys/refresh"),
    row!(POST   "/settings/keys/revoke"            signed_form keys::revoke,          OTHER,        "/settings/keys/revoke"),
    row!(POST   "/settings/keys/code"              signed_form keys::keep_code,       OTHER,        "/settings/keys/code"),
    row!(POST   "/settings/keys/let-go"            signed_form keys::let_go,          OTHER,        "/settings/keys/let-go"),
    row!(GET    "/settings/appearance"             signed      look::appearance,      Kind::Page,   "/settings/appearance"),
    row!(POST   "/settings/appearance"             signed_form look::set_appearance,  OTHER,        "/settings/appearance"),
    row!(GET    "/settings/journal"                signed      look::journal,         Kind::Page,   "/settings/journal"),
    row!(POST   "/settings/journal"                signed_form look::set_journal,     OTHER,        "/settings/journal"),
    row!(GET    "/settings/model"                  signed      model::show,           Kind::Page,   "/settings/model"),
    row!(GET    "/settings/model/work"             signed      model::work,           Kind::Page,   "/settings/model/work"),
    row!(POST   "/settings/model/use"              signed_form model::choose,         OTHER,        "/settings/model/use"),
    row!(POST   "/settings/model/fetch"            signed_form model::fetch,          OTHER,        "/settings/model/fetch"),
    row!(POST   "/settings/model/address"          signed_form model::address,        OTHER,        "/settings/model/address"),
    row!(POST   "/settings/model/add"              signed_form model::add,            OTHER,        "/settings/model/add"),
    row!(POST   "/settings/model/verify"           signed_form model::verify,         OTHER,        "/settings/model/verify"),
    row!(POST   "/settings/model/remove"           signed_form model::remove,         OTHER,        "/settings/model/remove"),
    row!(POST   "/settings/model/discard"          signed_form model::discard,        OTHER,        "/settings/model/discard"),
    row!(POST   "/settings/model/stop"             signed_form model::stop,           OTHER,        "/settings/model/stop"),
    row!(POST   "/settings/model/bench"            signed_form model::bench,          OTHER,        "/settings/model/bench"),
    row!(POST   "/settings/model/upstream"         signed_form model::upstream,       OTHER,        "/settings/model/upstream"),
    row!(POST   "/settings/model/upstream/key"     signed_form model::key,            OTHER,        "/settings/model/upstream/key"),
    row!(GET    "/settings/model/sent"             signed      model::sent,           Kind::Page,   "/settings/model/sent"),
    row!(POST   "/settings/model/switch"           signed_form model::switch,         OTHER,        "/settings/model/switch"),
    row!(GET    "/settings/model/texts"            signed      machine::show,         Kind::Page,   "/settings/model/texts"),
    row!(POST   "/settings/model/texts/remove"     signed_form machine::remove,       OTHER,        "/settings/model/texts/remove"),
    row!(GET    "/settings/security"               signed      security::overview,    Kind::Page,   "/settings/security"),
    row!(GET    "/settings/security/password"      signed      security::show_password, Kind::Page, "/settings/security/password"),
    row!(POST   "/settings/security/password"      signed_form security::set_password, OTHER,       "/settings/security/password"),
    row!(POST   "/settings/security/recovery"      signed_form security::new_code,    OTHER,        "/settings/security/recovery"),
    row!(POST   "/settings/security/recovery/confirm" signed_form security::adopt_code, OTHER,      "/settings/security/recovery/confirm"),
    row!(POST   "/settings/security/sign-out"      signed_form security::sign_out,    OTHER,        "/settings/security/sign-out"),
    row!(POST   "/settings/security/sessions/:id/end" signed_form sessions::end,      OTHER,        "/settings/security/sessions/00000000000000000000000000000000/end"),
    row!(POST   "/settings/security/invite"        signed_form invitations::invite,  OTHER,        "/settings/security/invite"),
    row!(POST   "/settings/security/invite/withdraw" signed_form invitations::withdraw, OTHER,     "/settings/security/invite/withdraw"),
    row!(GET    "/settings/security/delete"        signed      security::show_delete, Kind::Page,   "/settings/security/delete"),
    row!(POST   "/settings/security/delete"        signed_form security::delete,      OTHER,        "/settings/security/delete"),
    row!(GET    "/dev/components"                  open        welcome::components,   Kind::Page,   "/dev/components"),
    row!(GET    "/healthz"                         open        health::alive,         Kind::Health, "/healthz"),
    row!(GET    "/readyz"                          open        health::ready,         Kind::Health, "/readyz"),
    row!(GET    "/assets/:hash/*path"              open        assets::show,          Kind::Asset,  "/assets/{hash}/main.css"),
    row!(GET    "/favicon.svg"                     open        assets::favicon,       Kind::Asset,  "/favicon.svg"),
];
