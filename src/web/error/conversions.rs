//! From what went wrong beneath to what a visitor is told, written out one by one.

use poem::http::StatusCode;

use crate::{
    services::Failure,
    web::{
        error::{TODAY, WebError},
        form::FormError,
        view::ViewError,
    },
};

impl From<Failure> for WebError {
    fn from(failure: Failure) -> Self {
        let unavailable =
            |title, sentence: &str| Self::new(StatusCode::SERVICE_UNAVAILABLE, title, sentence, TODAY);
        let error = match failure {
            Failure::Store { full: true, .. } => unavailable(
                "The disk is full",
                "The disk is full, so this was not saved. Everything saved before is safe. Make space, then try again.",
            ),
            Failure::Store { read_only: true, .. } => Self::new(
                StatusCode::CONFLICT,
                "The journal is read-only",
                "The disk cannot be written, so this was not saved. Everything saved before is safe and can be read.",
                TODAY,
            ),
            Failure::Store { .. } => unavailable(
                "The journal cannot be written",
                "The journal file did not accept this. Everything saved before is safe. Run `llamora check`.",
            ),
            Failure::Unreachable => unavailable(
                "The journal is out of reach",
                "The journal's file is not in its place, so this was not saved. Put it or its disk back, then try again.",
            ),
            Failure::Damaged => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "A part of the journal is damaged",
                "A record could not be opened. Nothing was changed. Run `llamora check` to see what can be read.",
                TODAY,
            ),
            Failure::Headless => Self::new(
                StatusCode::CONFLICT,
                "Nothing is saved for now",
                "The record that vouches for this journal is missing or does not fit, so this was not saved. Everything can be \
                 read. Look at what is known, and accept the journal as it is to write again.",
                ("/settings/integrity", "See what is known"),
            ),
            Failure::Overloaded { retry_after_s } => {
                return Self::overloaded(
                    "Too much is waiting already. Try again in a moment.",
                    retry_after_s,
                );
            }
            other => return Self::internal(other.to_string()),
        };
        let is_torn = failure == Failure::Store { read_only: false, full: false };
        Self { cause: Some(failure.to_string().into()), is_torn, ..error }
    }
}

impl From<ViewError> for WebError {
    fn from(error: ViewError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<FormError> for WebError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::NotAForm => Self::bad_request("Only forms of this page can be sent here."),
            FormError::Malformed => Self::bad_request("The form holds characters that cannot be read."),
            FormError::TooLarge => Self::too_large(),
            FormError::Slow => Self::too_slow(),
            FormError::Incomplete => Self::bad_request("The form did not arrive whole. Send it again."),
        }
    }
}
