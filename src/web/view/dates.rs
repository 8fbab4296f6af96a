//! Filters that say days in the writer's language. Contexts hold days as `2026-11-22`; templates choose how they are said.
//!
//! `date`, `date_full`, `weekday`, `weekday_day`, `month_of_year` make plain text, for attributes too. Pages are in English,
//! so a date in another language says which (WCAG 3.1.2): `said` wraps it inside a sentence, and an element that holds
//! nothing else takes `{{ dates_lang }}` among its attributes.

use minijinja::{Environment, Value};

use crate::journal::{dates::Language, day::Day};

/// Adds the filters, or puts them in place of those of another language.
pub(super) fn speak(env: &mut Environment<'_>, language: Language) {
    let lang = if language.is_english() { String::new() } else { format!(" lang=\"{}\"", language.tag()) };
    add(env, "date", language, Language::date);
    add(env, "date_full", language, Language::full);
    add(env, "weekday", language, Language::weekday);
    add(env, "weekday_day", language, Language::weekday_day);
    add(env, "month_of_year", language, Language::month_of_year);
    let wrapping = lang.clone();
    env.add_filter("said", move |text: Value| match wrapping.as_str() {
        "" => text,
        lang => {
            let escaped = text.to_string().replace('&', "&amp;").replace('<', "&lt;");
            Value::from_safe_string(format!("<span{lang}>{escaped}</span>"))
        }
    });
    env.add_global("dates_lang", Value::from_safe_string(lang));
}

/// What is no day is shown as it stands.
fn add(env: &mut Environment<'_>, name: &'static str, language: Language, how: fn(Language, Day) -> String) {
    env.add_filter(name, move |iso: &str| {
        iso.parse::<Day>().map_or_else(|_| iso.to_owned(), |day| how(language, day))
    });
}
