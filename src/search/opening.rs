//! What an opening says of the last written days, and whether it rests on them. Pure.
//!
//! Without a model an opening is made of the writer's own sentences, quoted, each day behind a few words in the language
//! of the day. A sentence of a model stands only with a day that holds every name, number and date in it
//! ([`crate::search::ground`]) and some of its words.

mod away;

use std::{collections::HashSet, ops::Range};

use crate::{
    journal::day::Day,
    search::{ground::Sources, lexical, opening::away::Away, words},
};

/// Words at the beginning of a sentence among which one may point away.
const AWAY_WITHIN: usize = 4;

/// What the writer wrote on one day.
pub struct Page {
    /// The day.
    pub day: Day,
    /// Plain texts of its entries, in order.
    pub texts: Vec<String>,
    words: HashSet<String>,
    sources: Sources,
    tongue: &'static Tongue,
}

/// How a day stands to the day that is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lead {
    /// The day before.
    Yesterday,
    /// The last written day, longer ago.
    Last,
    /// A day before one that is quoted already.
    Before,
    /// Any other.
    Then,
}

impl Page {
    /// Reads the texts of `day` for an opening of `today`. What is known of the day itself may be said as well: its day
    /// of the week, and whether it was yesterday.
    pub fn new(day: Day, today: Day, texts: Vec<String>) -> Self {
        let is_yesterday = day.next() == Some(today);
        let known = [day.weekday(), if is_yesterday { YESTERDAY } else { "" }];
        Self {
            day,
            words: texts.iter().flat_map(|text| words::list(text)).collect(),
            sources: Sources::new(texts.iter().map(String::as_str).chain(known)),
            tongue: Tongue::of(&texts.join("\n")),
            texts,
        }
    }

    /// How many telling words of a sentence the day holds; `None` when the sentence names something it does not hold.
    pub fn support(&self, sentence: &str) -> Option<usize> {
        let n_shared = words::list(sentence)
            .iter()
            .filter(|word| !words::is_common(word) && self.words.contains(*word))
            .count();
        (n_shared > 0 && self.sources.support(sentence)).then_some(n_shared)
    }

    /// Whether every word of a line of quotations stands in the day: no longer so when an entry was changed or removed.
    pub fn holds(&self, line: &str) -> bool {
        words::list(line).iter().all(|word| self.words.contains(word) || is_of_leads(word))
    }

    /// A line that quotes sentences of the day behind the words that lead to them.
    pub fn quote(&self, lead: Lead, sentences: &[String]) -> String {
        let (open, close) = self.tongue.quotes;
        let quoted: Vec<String> =
            sentences.iter().map(|sentence| format!("{open}{sentence}{close}")).collect();
        [self.tongue.lead(lead), &quoted.join(" ")].join(" ").trim_start().to_owned()
    }

    /// Whether a sentence of the day can be read without the one before it: it does not begin with a word for somebody
    /// or something that is named elsewhere.
    pub fn stands_alone(&self, sentence: &str) -> bool {
        !self.tongue.points_away(sentence)
    }
}

/// The day among `pages`, the latest first, on which a sentence of a model rests best; none when it rests on no single one.
pub fn rests_on<'a>(pages: impl Iterator<Item = &'a Page>, sentence: &str) -> Option<Day> {
    let mut best: Option<(usize, Day)> = None;
    for page in pages {
        if let Some(n_shared) = page.support(sentence)
            && best.is_none_or(|(most, _)| n_shared > most)
        {
            best = Some((n_shared, page.day));
        }
    }
    best.map(|(_, day)| day)
}

/// Words for "yesterday", which a model may say of the day before in the language of the entries.
const YESTERDAY: &str = "yesterday gestern hier ayer ieri ontem gisteren";

/// A language that leads are known in.
struct Tongue {
    code: &'static str,
    /// Yesterday, last, before, then.
    leads: [&'static str; 4],
    quotes: (&'static str, &'static str),
    away: &'static Away,
}

impl Tongue {
    /// The language of a text; where nothing tells it, one without leads.
    fn of(text: &str) -> &'static Self {
        let code = lexical::spoken(text);
        TONGUES.iter().find(|tongue| Some(tongue.code) == code).unwrap_or(&BARE)
    }

    /// Whether a sentence begins with a word for something that another one names, perhaps behind an "and".
    fn points_away(&self, sentence: &str) -> bool {
        let mut words: Vec<(String, Range<usize>)> = Vec::new();
        words::for_each(sentence, |folded, range| {
            if words.len() < AWAY_WITHIN {
                words.push((folded.to_owned(), range));
            }
        });
        let is = |list: &[&str], (folded, range): &(String, Range<usize>)| {
            // With its accent where that makes it another word.
            list.contains(&folded.as_str()) || list.contains(&sentence[range.clone()].to_lowercase().as_str())
        };
        let mut words = words.iter().skip_while(|word| is(self.away.joins, word));
        let Some(first) = words.next() else { return false };
        let is_before = |list| words.clone().next().is_some_and(|next| is(list, next));
        let is_cut_short = sentence[first.1.end..].starts_with(['\'', '\u{2019}']);
        if is(self.away.people, first) {
            return !is_before(self.away.of_nobody);
        }
        is(self.away.pointing, first) && (is_cut_short || is_before(self.away.verbs))
    }

    const fn lead(&self, lead: Lead) -> &'static str {
        match lead {
            Lead::Yesterday => self.leads[0],
            Lead::Last => self.leads[1],
            Lead::Before => self.leads[2],
            Lead::Then => self.leads[3],
        }
    }
}

const BARE: Tongue = Tongue { code: "", leads: [""; 4], quotes: ("\u{201c}", "\u{201d}"), away: &away::NONE };

#[rustfmt::skip]
const TONGUES: &[Tongue] = &[
    Tongue { code: "en", quotes: BARE.quotes, away: &away::EN,
        leads: ["Yesterday you wrote:", "You last wrote:", "Before that you wrote:", "You wrote:"] },
    Tongue { code: "de", quotes: ("\u{201e}", "\u{201c}"), away: &away::DE,
        leads: ["Gestern hast du geschrieben:", "Zuletzt hast du geschrieben:", "Davor hast du geschrieben:", "Du hast geschrieben:"] },
    Tongue { code: "fr", quotes: ("\u{ab}\u{202f}", "\u{202f}\u{bb}"), away: &away::FR,
        leads: ["Hier, tu as \u{e9}crit :", "La derni\u{e8}re fois, tu as \u{e9}crit :", "Avant cela, tu as \u{e9}crit :", "Tu as \u{e9}crit :"] },
    Tongue { code: "es", quotes: ("\u{ab}", "\u{bb}"), away: &away::ES,
        leads: ["Ayer escribiste:", "La \u{fa}ltima vez escribiste:", "Antes escribiste:", "Escribiste:"] },
    Tongue { code: "it", quotes: ("\u{ab}", "\u{bb}"), away: &away::IT,
        leads: ["Ieri hai scritto:", "L'ultima volta hai scritto:", "Prima hai scritto:", "Hai scritto:"] },
    Tongue { code: "pt", quotes: BARE.quotes, away: &away::PT,
        leads: ["Ontem voc\u{ea} escreveu:", "Da \u{fa}ltima vez voc\u{ea} escreveu:", "Antes disso voc\u{ea} escreveu:", "Voc\u{ea} escreveu:"] },
    Tongue { code: "nl", quotes: BARE.quotes, away: &away::NL,
        leads: ["Gisteren schreef je:", "De laatste keer schreef je:", "Daarvoor schreef je:", "Je schreef:"] },
];

fn is_of_leads(word: &str) -> bool {
    let mut leads = TONGUES.iter().flat_map(|tongue| tongue.leads);
    leads.any(|lead| words::list(lead).iter().any(|known| known == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(day: &str, texts: &[&str]) -> Page {
        let day = day.parse().expect("a day");
        let today = "2026-11-22".parse().expect("a day");
        Page::new(day, today, texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn a_quotation_is_led_to_in_the_language_of_the_day() {
        let said = |lead, text: &str| page("2026-11-21", &[text]).quote(lead, &[text.to_owned()]);
        let english = "We planted the tomatoes with Ana.";
        assert_eq!(
            said(Lead::Yesterday, english),
            "Yesterday you wrote: \u{201c}We planted the tomatoes with Ana.\u{201d}"
        );
        assert_eq!(
            said(Lead::Last, "Wir haben die Tomaten mit Ana gepflanzt, und es war kalt."),
            "Zuletzt hast du geschrieben: \u{201e}Wir haben die Tomaten mit Ana gepflanzt, und es war kalt.\u{201c}"
        );
        assert!(
            said(Lead::Before, "Le jardin est dans la neige et je suis pour le printemps.")
                .starts_with("Avant cela")
        );
        let japanese = "\u{5ead}\u{306b}\u{96ea}\u{304c}\u{964d}\u{3063}\u{305f}\u{3002}";
        assert_eq!(said(Lead::Yesterday, japanese), format!("\u{201c}{japanese}\u{201d}"));
    }

    #[test]
    fn a_sentence_that_begins_with_somebody_named_elsewhere_does_not_stand_alone() {
        let english = page("2026-11-21", &["We were there with my sister and it was cold."]);
        for away in
            ["He came late.", "And then she laughed.", "But they had no bread.", "It broke.", "That was all."]
        {
            assert!(!english.stands_alone(away), "{away}");
        }
        for away in ["That\u{2019}s how it is.", "His hands shook.", "\"These are mine\", said Ana."] {
            assert!(!english.stands_alone(away), "{away}");
        }
        for alone in
            ["That evening we walked.", "It rained.", "Then we ate.", "Ana came, and he left.", "And", ""]
        {
            assert!(english.stands_alone(alone), "{alone}");
        }
        let german = page("2026-11-21", &["Wir waren mit dem Hund im Wald und es war kalt."]);
        for away in ["Er kam sp\u{e4}t.", "Aber sie lachte.", "Das war alles.", "Seine H\u{e4}nde zitterten."]
        {
            assert!(!german.stands_alone(away), "{away}");
        }
        for alone in ["Das Haus war kalt.", "Die alte Frau sang.", "Es regnete.", "Der Hund bellte."] {
            assert!(german.stands_alone(alone), "{alone}");
        }
        let spanish = page("2026-11-21", &["Hoy no he dormido, pero el perro es muy bueno."]);
        assert!(!spanish.stands_alone("\u{c9}l vino tarde.") && spanish.stands_alone("El perro duerme."));
        let french = page("2026-11-21", &["Je suis dans les bois avec elle pour le printemps."]);
        assert!(!french.stands_alone("Elle est partie.") && !french.stands_alone("C'\u{e9}tait tout."));
        assert!(french.stands_alone("Il pleut.") && french.stands_alone("Ce soir nous marchons."));
        let bare = page("2026-11-21", &["\u{5ead}\u{306b}\u{96ea}\u{304c}\u{964d}\u{3063}\u{305f}\u{3002}"]);
        assert!(bare.stands_alone("He came."), "nothing is known of the language");
    }

    #[test]
    fn a_line_of_quotations_stands_as_long_as_the_day_says_it() {
        let text = "We planted the tomatoes with Ana. The bus came late.";
        let line = page("2026-11-21", &[text]).quote(Lead::Yesterday, &["The bus came late.".to_owned()]);
        assert!(page("2026-11-21", &[text, "More."]).holds(&line));
        assert!(!page("2026-11-21", &["We planted the tomatoes with Ana."]).holds(&line));
    }

    #[test]
    fn a_sentence_rests_on_one_day_that_holds_all_it_names() {
        let pages = [
            page("2026-11-21", &["Ana called from the harbour."]),
            page("2026-11-19", &["Jonas and I walked to the harbour in the rain."]),
        ];
        let on = |sentence| rests_on(pages.iter(), sentence).map(|day| day.to_string());
        assert_eq!(on("Yesterday Ana called from the harbour.").as_deref(), Some("2026-11-21"));
        assert_eq!(on("On Thursday you walked in the rain with Jonas.").as_deref(), Some("2026-11-19"));
        for invented in [
            "Yesterday Jonas called from the harbour.",
            "On Friday you walked in the rain.",
            "Ana and Jonas met at the harbour.",
            "You met 21 people at the harbour.",
            "Have a lovely morning.",
        ] {
            assert_eq!(on(invented), None, "{invented}");
        }
    }
}
