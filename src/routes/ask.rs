//! Asking the journal. The question travels in a form, never in an address: addresses have the number under which the
//! session holds it.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::{
        asking::{MAX_QUESTION_CHARS, Statement, Told},
        finding::asked::{Asked, Fields},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::{
            ask::{AnswerView, AskPage, StatementItem},
            earlier::PassageItem,
        },
    },
};

/// `GET /ask`: the empty form.
///
/// # Errors
/// Only faults of ours.
pub async fn new(call: Arc<Call>, session: Arc<Session>) -> Answer {
    call.page(StatusCode::OK, &page(&call, &session, ""))
}

/// `POST /ask`: field `q`. Leads to the address of the answer.
///
/// # Errors
/// 422, with the question in the form, for one that is empty or too long.
pub async fn ask(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let question = form.text("q").trim();
    let error = match question.chars().count() {
        0 => "Write a question first. Nothing was asked.".to_owned(),
        length if length > MAX_QUESTION_CHARS => {
            format!(
                "A question may have {MAX_QUESTION_CHARS} characters; this one has {length}. Shorten it and ask again."
            )
        }
        _ => {
            let number = session.hold_search(None, &Asked::of(Fields { q: question, ..Fields::default() }));
            return Ok(see_other(&format!("/ask/{number}")));
        }
    };
    let page = AskPage { error: Some(error), ..page(&call, &session, question) };
    call.page(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /ask/:n`: the answer to a question of this session, which may also be a search; the form when it is not held any
/// more.
///
/// # Errors
/// 404 when `n` is no number; when a record cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let Some((number, question)) = held(&call, &session)? else { return Ok(see_other("/ask")) };
    let told = call.services().ask_journal(&session, &question).await?;
    answer(&call, &session, number, &question, told)
}

/// `POST /ask/:n/words`: the answer, put into words by the model inside this program.
///
/// # Errors
/// See [`show`].
pub async fn words(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let Some((number, question)) = held(&call, &session)? else { return Ok(see_other("/ask")) };
    let told = call.services().word_answer(&session, &question).await?;
    answer(&call, &session, number, &question, told)
}

/// The question with the number of the address.
fn held(call: &Call, session: &Session) -> Result<Option<(u32, String)>, WebError> {
    let number: u32 = call.param("n")?;
    let question = session.held_search(number).map(|asked| asked.fields().q.to_owned());
    Ok(question.filter(|question| !question.is_empty()).map(|question| (number, question)))
}

fn answer(call: &Call, session: &Session, number: u32, question: &str, told: Told) -> Answer {
    let model = call.services().model_for(session).name;
    let view = AnswerView {
        number,
        statements: told.statements.iter().map(statement).collect(),
        may_word: model.filter(|_| call.services().may_word(session)),
        model: told.model,
        passages: told.passages.iter().map(PassageItem::from).collect(),
        notes: told.notes,
    };
    let page = AskPage { answer: Some(view), is_off: told.is_off, ..page(call, session, question) };
    call.page_or_part(StatusCode::OK, &page)
}

fn statement(statement: &Statement) -> StatementItem {
    StatementItem {
        day: statement.day.to_string(),
        entry: statement.entry.to_string(),
        text: statement.text.clone(),
    }
}

fn page(call: &Call, session: &Session, question: &str) -> AskPage {
    AskPage {
        shell: call.shell("Ask"),
        question: question.to_owned(),
        error: None,
        answer: None,
        most: MAX_QUESTION_CHARS,
        is_off: call.services().model_for(session).state == "off",
    }
}
