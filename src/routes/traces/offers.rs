//! What is offered in the field of a new trace: known names, and names that fit the entry.

use std::sync::Arc;

use poem::{Response, http::StatusCode};

use crate::{
    journal::ids::EntryId,
    routes::traces::{no_name, there},
    services::{
        sessions::Session,
        traces::{Offer, Offered},
    },
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::traces::{OfferItem, OfferPart},
    },
};

/// `POST /entries/{id}/traces/offer`: what to offer while `name` is typed, and whether it is a name at all.
///
/// # Errors
/// 404 when there is no such entry.
pub async fn offer(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let id = call.id()?;
    there(&call, &session, id).await?;
    let offer = call.services().offer_traces(&session, id, form.text("name")).await?;
    call.page(StatusCode::OK, &offer_part(id, offer))
}

/// `POST /entries/{id}/traces/labels`: asks the model for names that fit the entry, and answers what is offered then.
/// Takes as long as the model does.
///
/// # Errors
/// 404 when there is no such entry.
pub async fn labels(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let id = call.id()?;
    there(&call, &session, id).await?;
    let labels = call.services().suggest_labels(&session, id).await?;
    let part = offer_part(id, call.services().offer_traces(&session, id, "").await?);
    let said = match labels {
        None => Some("The model has something else to do, or is not there. Ask again in a while."),
        Some(_) if part.names.iter().any(|one| one.is_by_model) => None,
        Some(_) => Some("The model found no other name that fits."),
    };
    call.page(StatusCode::OK, &OfferPart { said: said.map(str::to_owned), ..part })
}

fn offer_part(id: EntryId, offer: Offer) -> OfferPart {
    let item = |offered: Offered| OfferItem {
        name: offered.name,
        shortcode: offered.shortcode,
        is_suggested: offered.is_suggested,
        is_by_model: offered.is_by_model,
        is_pinned: offered.is_pinned,
    };
    OfferPart {
        owner: id.to_string(),
        names: offer.names.into_iter().map(item).collect(),
        error: offer.error.map(no_name),
        may_ask: offer.may_ask,
        said: None,
    }
}

/// `POST /entries/{id}/traces/refuse`: does not suggest `name` any more, until it is attached all the same.
///
/// # Errors
/// 404 when there is no such entry.
pub async fn refuse_name(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let id = call.id()?;
    there(&call, &session, id).await?;
    call.services().refuse_trace(&session, form.text("name")).await?;
    if call.wants_fragment() {
        return Ok(Response::builder().status(StatusCode::NO_CONTENT).finish());
    }
    Ok(see_other(&format!("/entries/{id}")))
}
