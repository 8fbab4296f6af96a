//! What somebody is told on a day page about signing in.

use crate::{
    routes::keys::grouped,
    services::sessions::{Session, wrong::WrongTries},
    web::{
        call::Call,
        pages::days::{SigningIn, WrongTriesView},
    },
};

/// All of it.
pub(super) fn signing_in(call: &Call, session: &Session) -> SigningIn {
    SigningIn { wrong_tries: wrong_tries(call, session), wants_proof: session.wants_proof() }
}

/// Wrong tries before this sign-in, once: `3 wrong passwords were tried for this name since 20 November 2026.`
fn wrong_tries(call: &Call, session: &Session) -> Option<WrongTriesView> {
    let WrongTries { passwords, codes, since } = session.take_wrong()?;
    let services = call.services();
    let counted = |count: u32, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 wrong {one}")),
        count => Some(format!("{} wrong {many}", grouped(count.into()))),
    };
    let kinds =
        [counted(passwords, "password", "passwords"), counted(codes, "recovery code", "recovery codes")];
    let (kinds, is_one) = (kinds.into_iter().flatten().collect::<Vec<_>>(), passwords + codes == 1);
    let day = services.day_of(session, since);
    let time = services.clock_of(session, since);
    let is_today = day == services.today(session);
    let (when, time) = match (is_today, is_one) {
        (true, true) => ("today at", Some(time)),
        (true, false) => ("since", Some(format!("{time} today"))),
        (false, true) => ("on", None),
        (false, false) => ("since", None),
    };
    let verb = if is_one { "was" } else { "were" };
    let said = format!("{} {verb} tried for this name {when}", kinds.join(" and "));
    Some(WrongTriesView { said, day: (!is_today).then(|| day.to_string()), time })
}
