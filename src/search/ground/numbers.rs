//! Numbers in digits and in words, as one spelling for both.

use crate::search::ground::{claims::Word, tables};

/// A number that was read.
pub(super) struct Number {
    /// As digits without zeros before them and with a point; several for a word such as `7H402`.
    pub(super) values: Vec<String>,
    /// Of a time of day, the hour.
    pub(super) hour: Option<String>,
}

impl Number {
    fn one(value: String) -> Self {
        Self { values: vec![value], hour: None }
    }
}

/// The number that begins at a word, and how many words it has.
pub(super) fn at(text: &str, words: &[Word<'_>], at: usize) -> Option<(Number, usize)> {
    let word = words.get(at)?;
    if word.folded.contains(char::is_numeric) {
        return Some(match digits(&word.folded) {
            Some(value) => chain(text, words, at, value),
            None => (mixed(&word.folded), 1),
        });
    }
    spelt(text, words, at).map(|(value, n_words)| (Number::one(value.to_string()), n_words))
}

/// Month, day and year of a date in digits alone: `2024-06-09`, `9.6.2024`.
pub(super) fn date(text: &str, words: &[Word<'_>], at: usize) -> Option<(u8, String, String)> {
    let part = |beyond: usize| digits(&words.get(at + beyond)?.folded);
    let (first, second, third) = (part(0)?, part(1)?, part(2)?);
    let gaps = (gap(text, words, at + 1)?, gap(text, words, at + 2)?);
    let (year, month, day) = match gaps {
        ("-", "-") if first.len() == 4 => (first, second, third),
        ("." | ". ", "." | ". ") if third.len() == 4 => (third, second, first),
        _ => return None,
    };
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    day.parse().ok().filter(|day: &u8| (1..=31).contains(day))?;
    Some((month, day, year))
}

/// What stands between a word and the one before.
fn gap<'a>(text: &'a str, words: &[Word<'_>], at: usize) -> Option<&'a str> {
    Some(&text[words.get(at.checked_sub(1)?)?.end..words.get(at)?.start])
}

/// A word of digits alone, without zeros before them.
fn digits(folded: &str) -> Option<String> {
    let all: Option<String> = folded
        .chars()
        .map(|symbol| symbol.to_digit(10).and_then(|digit| char::from_digit(digit, 10)))
        .collect();
    all.map(|all| without_zeros(&all)).filter(|all| !all.is_empty())
}

fn without_zeros(digits: &str) -> String {
    let short = digits.trim_start_matches('0');
    if short.is_empty() && !digits.is_empty() { "0".to_owned() } else { short.to_owned() }
}

/// Digits with groups and a point: `12,500`, `12.500`, `3,5`, `14:30`.
fn chain(text: &str, words: &[Word<'_>], at: usize, first: String) -> (Number, usize) {
    let (mut value, mut n_words, mut hour) = (first, 1, None);
    let mut has_point = false;
    while let (Some(next), Some(gap)) = (words.get(at + n_words), gap(text, words, at + n_words)) {
        let part = next.folded.as_str();
        if has_point || digits(part).is_none() || !part.is_ascii() {
            break;
        }
        let is_between = matches!(gap, "," | "." | "\u{a0}" | "\u{202f}") || (gap == " " && part == "000");
        if part.len() == 3 && is_between && value != "0" && (n_words > 1 || value.len() <= 3) {
            value.push_str(part);
        } else if matches!(gap, ":" | "." | ",") && part.len() <= 2 {
            hour = (gap == ":").then(|| value.clone());
            value = format!("{value}.{part}");
            has_point = true;
        } else {
            break;
        }
        n_words += 1;
    }
    (Number { values: vec![value], hour }, n_words)
}

/// Each run of digits in a word that has letters too; `14h30` is a time.
fn mixed(folded: &str) -> Number {
    if let Some((hour, minutes)) = folded.split_once('h')
        && let (Some(hour), Some(_), 2) = (digits(hour), digits(minutes), minutes.len())
    {
        return Number { values: vec![format!("{hour}.{minutes}")], hour: Some(hour) };
    }
    let runs = folded.split(|symbol: char| !symbol.is_numeric()).filter(|run| !run.is_empty());
    Number { values: runs.map(|run| digits(run).unwrap_or_else(|| run.to_owned())).collect(), hour: None }
}

/// A number in words, with the words that belong to it: `two hundred and fifty`, `quatre-vingt-dix`, `treinta y uno`.
fn spelt(text: &str, words: &[Word<'_>], at: usize) -> Option<(u32, usize)> {
    let (mut thousands, mut rest) = match value_of(words.get(at)?)? {
        1_000 => (1_000, 0),
        value => (0, value),
    };
    let mut n_words = 1;
    loop {
        let mut next_at = at + n_words;
        let link = words.get(next_at).map(|word| word.folded.as_str());
        let link = link.filter(|link| ["and", "und", "et", "y", "e"].contains(link));
        next_at += usize::from(link.is_some());
        let is_hyphen =
            gap(text, words, next_at).is_some_and(|gap| matches!(gap, "-" | "\u{2010}" | "\u{2011}"));
        let is_joined =
            is_hyphen || gap(text, words, next_at).is_some_and(|gap| matches!(gap, " " | "\u{a0}"));
        let Some(next) = words.get(next_at).filter(|_| is_joined) else { break };
        let is_one = tables::ONE.contains(&next.folded.as_str());
        let Some(value) = value_of(next).or(is_one.then_some(1)) else { break };
        let may_be_one = !is_one || is_hyphen || link.is_some() || next.folded == "one";
        let tens = rest % 100;
        let is_tens = (20..100).contains(&tens) && tens % 10 == 0;
        let is_after_hundreds = rest >= 100 && tens == 0 && value < 100 && may_be_one;
        match (link, value) {
            (None | Some("et" | "y" | "e"), 1..=9) if is_tens && may_be_one => rest += value,
            (None, 10..=19) if is_hyphen && (tens == 60 || tens == 80) => rest += value,
            (Some("et"), 11) if tens == 60 => rest += value,
            (None, 20) if is_hyphen && tens == 4 => rest += 76,
            (None, 100) if (2..100).contains(&rest) => rest *= 100,
            (None, 1_000) if (2..1_000).contains(&rest) && thousands == 0 => {
                thousands = rest * 1_000;
                rest = 0;
            }
            (None | Some("and" | "und" | "y" | "e"), _) if is_after_hundreds => rest += value,
            (None | Some("and" | "und"), 1..1_000) if thousands > 0 && rest == 0 && may_be_one => {
                rest = value
            }
            _ => break,
        }
        n_words = next_at + 1 - at;
    }
    Some((thousands + rest, n_words))
}

/// What one word means as a number.
fn value_of(word: &Word<'_>) -> Option<u32> {
    // "tr\u{e8}s" is no "tres".
    if word.written.contains(['\u{e8}', '\u{c8}']) {
        return None;
    }
    named(&word.folded).or_else(|| joined(&word.folded))
}

fn named(folded: &str) -> Option<u32> {
    tables::NUMBERS.iter().find(|(_, names)| names.contains(&folded)).map(|(value, _)| *value)
}

/// A number that languages write as one word: `einundzwanzig`, `zweihundertf\u{fc}nfzig`, `ventidue`, `veintitr\u{e9}s`.
fn joined(folded: &str) -> Option<u32> {
    let unit = |part: &str| {
        let is_one = ["ein", "een", "un", "uno", "una", "eins"].contains(&part);
        if is_one {
            Some(1)
        } else {
            named(part).or_else(|| (part == "sei").then_some(6)).filter(|value| *value < 10)
        }
    };
    for (name, value, may_begin) in tables::GROUPS {
        let Some((before, after)) = folded.split_once(name) else { continue };
        let times =
            if before.is_empty() && *may_begin { Some(1) } else { unit(before).or_else(|| number(before)) };
        let rest = if after.is_empty() { Some(0) } else { unit(after).or_else(|| number(after)) };
        if let (Some(times), Some(rest)) = (times, rest.filter(|rest| rest < value)) {
            return Some(times * value + rest);
        }
    }
    for link in ["und", "en"] {
        for (at, _) in folded.match_indices(link) {
            let (before, after) = (&folded[..at], &folded[at + link.len()..]);
            let tens = named(after).filter(|tens| (20..100).contains(tens));
            if let (Some(unit), Some(tens)) = (unit(before), tens) {
                return Some(unit + tens);
            }
        }
    }
    tables::TENS.iter().find_map(|(beginning, tens)| {
        let rest = folded.strip_prefix(beginning)?;
        let rest = rest.strip_prefix(['i', 'a']).unwrap_or(rest);
        unit(rest).map(|unit| tens + unit)
    })
}

fn number(folded: &str) -> Option<u32> {
    if folded.is_empty() { None } else { named(folded).or_else(|| joined(folded)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::ground::claims::words_of;

    fn read(text: &str) -> Vec<String> {
        let words = words_of(text);
        let (mut found, mut idx) = (Vec::new(), 0);
        while idx < words.len() {
            match at(text, &words, idx) {
                Some((number, n_words)) => {
                    found.extend(number.values);
                    idx += n_words;
                }
                None => idx += 1,
            }
        }
        found
    }

    #[test]
    fn words_and_digits_are_the_same_number() {
        for (text, expected) in [
            ("thirty-one, 31, einunddrei\u{df}ig, trente et un, treinta y uno, trentuno, eenendertig", "31"),
            (
                "two hundred and fifty, 250, zweihundertf\u{fc}nfzig, deux cent cinquante, doscientos cincuenta",
                "250",
            ),
            ("quatre-vingt-douze, ninety-two, zweiundneunzig, noventa y dos, novantadue", "92"),
            ("soixante-dix, seventy, siebzig", "70"),
            ("12,500 or 12.500 or 12\u{a0}500 or twelve thousand five hundred or 012500", "12500"),
            ("veintitr\u{e9}s, ventitr\u{e9}, vingt-trois, dreiundzwanzig, drie\u{eb}ntwintig", "23"),
            ("14:30, 14.30, 14h30", "14.30"),
            ("3,5 and 3.5", "3.5"),
            ("duemila, deux mille, zweitausend, two thousand, 2000", "2000"),
            ("the 9th, nine, le neuf", "9"),
            ("trecento, trois cents, dreihundert", "300"),
        ] {
            let found = read(text);
            assert!(found.len() > 1 && found.iter().all(|value| value == expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_none_and_neighbours_stay_apart() {
        assert_eq!(read("one of them was tr\u{e8}s content with Mila, und er ging"), Vec::<String>::new());
        assert_eq!(read("two, three and four"), ["2", "3", "4"]);
        assert_eq!(read("at 7 three came; 7H402915"), ["7", "3", "7", "402915"]);
        assert_eq!(read("twenty and thirty"), ["20", "30"]);
        assert_eq!(read("1,000 jars, 100,00 euros"), ["1000", "100.00"]);
    }
}
