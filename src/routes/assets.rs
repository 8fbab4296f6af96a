//! Files of the browser, from inside the executable.

use std::sync::Arc;

use poem::{Response, http::header};

use crate::web::{
    assets::{self, Asset},
    call::{Answer, Call},
    error::WebError,
    table::Immutable,
};

/// `GET /assets/{hash}/{path}`: the address holds the hash of the whole bundle, so browsers may keep the file.
///
/// # Errors
/// 404 for another hash and for an unknown file.
pub async fn show(call: Arc<Call>) -> Answer {
    let asset =
        assets::file(call.raw_param("hash"), call.raw_param("path")).ok_or_else(WebError::not_found)?;
    Ok(kept(asset, "public, max-age=31536000, immutable"))
}

/// `GET /favicon.svg`: browsers ask for it without a hash.
///
/// # Errors
/// 404 when the bundle has none.
pub async fn favicon(_call: Arc<Call>) -> Answer {
    let asset = assets::named("favicon.svg").ok_or_else(WebError::not_found)?;
    Ok(kept(asset, "public, max-age=3600"))
}

fn kept(asset: Asset, cache: &'static str) -> Response {
    let mut response = Response::builder()
        .content_type(asset.content_type)
        .header(header::CACHE_CONTROL, cache)
        .body(asset.bytes);
    response.extensions_mut().insert(Immutable);
    response
}
