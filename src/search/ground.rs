//! Whether a machine's sentence rests on its sources: no name, number or date in it that they do not hold. Pure.
//!
//! Strict on purpose: a true sentence that is dropped costs little, an invented name in a journal much. What a sentence
//! says of the things it names is not judged here; that it lies near its sources in meaning is the caller's part.

use std::collections::HashSet;

use crate::search::words;

/// Something in a sentence that no source holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invented {
    /// A name, or a word that may be one.
    Name(String),
    /// A number, in digits or words.
    Number(String),
    /// A month, a day of the week, or a word such as "yesterday".
    Date(String),
    /// An address of the net.
    Address,
}

/// The texts a sentence may rest on.
#[derive(Default)]
pub struct Sources {
    /// All words, folded.
    words: HashSet<String>,
    /// Those of them that were written small: no names.
    small: HashSet<String>,
    numbers: HashSet<String>,
    months: HashSet<u8>,
    weekdays: HashSet<u8>,
}

/// A word of a text.
struct Word<'a> {
    folded: String,
    written: &'a str,
    /// Whether nothing but signs stands before it in its sentence.
    is_first: bool,
}

impl Sources {
    /// Reads the texts.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut sources = Self::default();
        for text in texts {
            for word in words_of(text) {
                sources.numbers.extend(numbers(&word.folded));
                sources.months.extend(month(&word));
                sources.weekdays.extend(of_table(WEEKDAYS, &word.folded));
                if word.written.chars().next().is_some_and(char::is_lowercase) {
                    sources.small.insert(word.folded.clone());
                }
                sources.words.insert(word.folded);
            }
        }
        sources
    }

    /// What a sentence holds that the sources do not; nothing when it rests on them.
    pub fn invented(&self, sentence: &str) -> Vec<Invented> {
        let mut invented = Vec::new();
        let lower = sentence.to_lowercase();
        if ["http", "www.", "@"].iter().any(|sign| lower.contains(sign)) {
            invented.push(Invented::Address);
        }
        for word in words_of(sentence) {
            if let Some(what) = self.judge(&word) {
                invented.push(what);
            }
        }
        invented
    }

    /// Whether a sentence names nothing that the sources do not.
    pub fn support(&self, sentence: &str) -> bool {
        self.invented(sentence).is_empty()
    }

    fn judge(&self, word: &Word<'_>) -> Option<Invented> {
        let written = || word.written.to_owned();
        if numbers(&word.folded).any(|number| !self.numbers.contains(&number)) {
            return Some(Invented::Number(written()));
        }
        let (month, weekday) = (month(word), of_table(WEEKDAYS, &word.folded));
        let is_known = self.words.contains(&word.folded);
        if month.is_some_and(|month| !self.months.contains(&month))
            || weekday.is_some_and(|day| !self.weekdays.contains(&day))
            || (!is_known && RELATIVE.contains(&word.folded.as_str()))
        {
            return Some(Invented::Date(written()));
        }
        if is_known || month.is_some() || weekday.is_some() || numbers(&word.folded).next().is_some() {
            return None;
        }
        let first = word.written.chars().next()?;
        let may_name = first.is_uppercase() || is_sign_of_names(first);
        (may_name && !self.knows(word)).then(|| Invented::Name(written()))
    }

    /// Whether a word written large is one of the sources', with another ending, or begins a sentence and is no name.
    fn knows(&self, word: &Word<'_>) -> bool {
        let folded = word.folded.as_str();
        let has = |known: &str| self.words.contains(known);
        let ended = ENDINGS
            .iter()
            .any(|ending| folded.strip_suffix(ending).is_some_and(|stem| stem.len() > 2 && has(stem)));
        let unended = folded.len() > 2 && ENDINGS.iter().any(|ending| has(&format!("{folded}{ending}")));
        if ended || unended {
            return true;
        }
        if !word.is_first {
            // "I" and its like in the middle of a sentence.
            return words::is_common(folded);
        }
        let is_related = |known: &String| {
            let same = known.chars().zip(folded.chars()).take_while(|(left, right)| left == right).count();
            same >= 4 && folded.chars().count() > 4
        };
        words::is_common(folded) || STARTERS.contains(&folded) || self.small.iter().any(is_related)
    }
}

fn words_of(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut last_end = 0;
    words::for_each(text, |folded, range| {
        let gap = &text[last_end..range.start];
        let is_first = found.is_empty()
            || gap.contains([
                '.', '!', '?', '\n', '\u{2026}', '\u{3002}', '\u{201c}', '"', ':', '\u{ab}', '\u{201e}',
            ]);
        last_end = range.end;
        found.push(Word { folded: folded.to_owned(), written: &text[range], is_first });
    });
    found
}

/// Han and katakana: written without capitals, names among them.
fn is_sign_of_names(symbol: char) -> bool {
    matches!(symbol as u32, 0x30a1..=0x30fa | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// The numbers in a word: each run of digits without zeros before it, and what a number word means.
fn numbers(folded: &str) -> impl Iterator<Item = String> + '_ {
    let runs = folded.split(|symbol: char| !symbol.is_numeric()).filter(|run| !run.is_empty());
    let runs = runs.map(|run| {
        let run: String = run
            .chars()
            .map(|digit| digit.to_digit(10).map_or(digit, |value| (b'0' + value as u8) as char))
            .collect();
        let short = run.trim_start_matches('0');
        if short.is_empty() { "0".to_owned() } else { short.to_owned() }
    });
    let spelt = NUMBERS.iter().find(|(_, names)| names.contains(&folded)).map(|(value, _)| value.to_string());
    runs.chain(spelt)
}

fn month(word: &Word<'_>) -> Option<u8> {
    let is_verb =
        matches!(word.folded.as_str(), "may" | "march") && word.written.starts_with(char::is_lowercase);
    if is_verb { None } else { of_table(MONTHS, &word.folded) }
}

fn of_table(table: &[&[&str]], folded: &str) -> Option<u8> {
    table.iter().position(|names| names.contains(&folded)).and_then(|idx| u8::try_from(idx + 1).ok())
}

/// What a word may end in besides, in the languages of the tables.
const ENDINGS: &[&str] = &["s", "es", "n", "en", "ns", "e", "er", "em"];
/// Words that begin sentences and are no names, besides the common ones.
const STARTERS: &[&str] = &[
    "although",
    "apres",
    "as",
    "both",
    "danach",
    "dann",
    "despite",
    "despues",
    "during",
    "each",
    "ensuite",
    "even",
    "everyone",
    "everything",
    "finally",
    "first",
    "heute",
    "later",
    "luego",
    "meanwhile",
    "nach",
    "nobody",
    "nothing",
    "once",
    "outside",
    "perhaps",
    "poi",
    "puis",
    "several",
    "since",
    "someone",
    "spater",
    "still",
    "though",
    "through",
    "trotz",
    "two",
    "until",
    "vor",
    "while",
    "within",
    "without",
    "yet",
];
const RELATIVE: &[&str] = &[
    "ayer",
    "demain",
    "domani",
    "gestern",
    "gisteren",
    "ieri",
    "overmorgen",
    "tomorrow",
    "tonight",
    "ubermorgen",
    "vorgestern",
    "yesterday",
];
#[rustfmt::skip]
const MONTHS: &[&[&str]] = &[
    &["january", "januar", "janner", "janvier", "enero", "gennaio", "januari", "jan"],
    &["february", "februar", "fevrier", "febrero", "febbraio", "februari", "feb"],
    &["march", "marz", "mars", "marzo", "maart"],
    &["april", "avril", "abril", "aprile", "apr"],
    &["may", "mai", "mayo", "maggio", "mei"],
    &["june", "juni", "juin", "junio", "giugno", "jun"],
    &["july", "juli", "juillet", "julio", "luglio", "jul"],
    &["august", "aout", "agosto", "augustus", "aug"],
    &["september", "septembre", "septiembre", "settembre", "sept"],
    &["october", "oktober", "octobre", "octubre", "ottobre", "okt", "oct"],
    &["november", "novembre", "noviembre", "nov"],
    &["december", "dezember", "decembre", "diciembre", "dicembre", "dec", "dez"],
];
#[rustfmt::skip]
const WEEKDAYS: &[&[&str]] = &[
    &["monday", "montag", "lundi", "lunes", "lunedi", "maandag"],
    &["tuesday", "dienstag", "mardi", "martes", "martedi", "dinsdag"],
    &["wednesday", "mittwoch", "mercredi", "miercoles", "mercoledi", "woensdag"],
    &["thursday", "donnerstag", "jeudi", "jueves", "giovedi", "donderdag"],
    &["friday", "freitag", "vendredi", "viernes", "venerdi", "vrijdag"],
    &["saturday", "samstag", "sonnabend", "samedi", "sabado", "sabato", "zaterdag"],
    &["sunday", "sonntag", "dimanche", "domingo", "domenica", "zondag"],
];
/// From two on: "one" and its like mean an article as often.
#[rustfmt::skip]
const NUMBERS: &[(u32, &[&str])] = &[
    (2, &["two", "zwei", "deux", "dos", "twee", "twice"]),
    (3, &["three", "drei", "trois", "tres", "tre", "drie"]),
    (4, &["four", "vier", "quatre", "cuatro", "quattro"]),
    (5, &["five", "funf", "cinq", "cinco", "cinque", "vijf"]),
    (6, &["six", "sechs", "seis", "zes"]),
    (7, &["seven", "sieben", "sept", "siete", "sette", "zeven"]),
    (8, &["eight", "acht", "huit", "ocho", "otto"]),
    (9, &["nine", "neun", "neuf", "nueve", "nove", "negen"]),
    (10, &["ten", "zehn", "dix", "diez", "dieci", "tien"]),
    (11, &["eleven", "elf", "onze", "undici"]),
    (12, &["twelve", "zwolf", "douze", "doce", "dodici", "twaalf", "dozen"]),
    (13, &["thirteen", "dreizehn", "treize", "trece", "tredici", "dertien"]),
    (14, &["fourteen", "vierzehn", "quatorze", "catorce", "quattordici", "veertien"]),
    (15, &["fifteen", "funfzehn", "quinze", "quince", "quindici", "vijftien"]),
    (16, &["sixteen", "sechzehn", "seize", "dieciseis", "sedici", "zestien"]),
    (17, &["seventeen", "siebzehn", "diecisiete", "diciassette", "zeventien"]),
    (18, &["eighteen", "achtzehn", "dieciocho", "diciotto", "achttien"]),
    (19, &["nineteen", "neunzehn", "diecinueve", "diciannove", "negentien"]),
    (20, &["twenty", "zwanzig", "vingt", "veinte", "venti", "twintig"]),
    (30, &["thirty", "dreissig", "trente", "treinta", "trenta", "dertig"]),
    (40, &["forty", "vierzig", "quarante", "cuarenta", "quaranta", "veertig"]),
    (50, &["fifty", "funfzig", "cinquante", "cincuenta", "cinquanta", "vijftig"]),
    (60, &["sixty", "sechzig", "soixante", "sesenta", "sessanta", "zestig"]),
    (70, &["seventy", "siebzig", "setenta", "settanta", "zeventig"]),
    (80, &["eighty", "achtzig", "ochenta", "ottanta", "tachtig"]),
    (90, &["ninety", "neunzig", "noventa", "novanta", "negentig"]),
    (100, &["hundred", "hundert", "cent", "cien", "ciento", "cento", "honderd"]),
    (1000, &["thousand", "tausend", "mille", "mil", "duizend"]),
];

/// Whether two texts share a telling word, for labels that are in the text itself.
pub fn shares_words(label: &str, text: &str) -> bool {
    let held: HashSet<String> = words::list(text).into_iter().collect();
    let telling: Vec<String> =
        words::list(label).into_iter().filter(|word| !words::is_common(word)).collect();
    !telling.is_empty() && telling.iter().all(|word| held.contains(word))
}

#[cfg(test)]
mod tests;
