//! What was typed into the search box.

use crate::search::words;

/// Longest query that is read, in characters; the rest is ignored.
const MAX_CHARS: usize = 500;
/// Most clauses that are read.
const MAX_CLAUSES: usize = 32;

/// Words that are looked for together, one after the other.
#[derive(Clone, PartialEq, Eq)]
pub struct Clause {
    /// Folded words, at least one. Several make a phrase.
    pub words: Vec<String>,
    /// Stood in quotes: an entry without it is no result.
    pub required: bool,
}

/// A parsed query: plain words, `"phrases in quotes"`, and `-words` or `-"phrases"` that must not occur.
///
/// Has no `Debug`: a query is journal text.
///
/// ```
/// use llamora::search::query::Query;
///
/// let query = Query::parse("boat \"old harbour\" -rain");
/// assert_eq!(query.clauses().len(), 2);
/// assert!(query.clauses()[1].required);
/// assert_eq!(query.meaning(), "boat old harbour");
/// ```
#[derive(Clone)]
pub struct Query {
    clauses: Vec<Clause>,
    excluded: Vec<Vec<String>>,
    meaning: String,
    growing: Option<usize>,
}

impl Query {
    /// Reads a query; whatever was typed is some query. A quote that is not closed reaches to the end.
    pub fn parse(typed: &str) -> Self {
        let typed: String = typed.chars().take(MAX_CHARS).collect();
        let mut query =
            Self { clauses: Vec::new(), excluded: Vec::new(), meaning: String::new(), growing: None };
        let mut rest = typed.trim_start();
        while !rest.is_empty() {
            let negated =
                rest.strip_prefix('-').filter(|after| after.starts_with(|c: char| !c.is_whitespace()));
            let body = negated.unwrap_or(rest);
            let (part, quoted, after) = next_part(body);
            query.add(part, quoted, negated.is_some());
            query.growing =
                (after.is_empty() && !quoted && negated.is_none()).then(|| query.find(part)).flatten();
            rest = after.trim_start();
        }
        query
    }

    /// What to look for, in the order typed, without repetitions.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Words and phrases that must not occur.
    pub fn excluded(&self) -> &[Vec<String>] {
        &self.excluded
    }

    /// The text to embed: everything but what is excluded and the signs of the query language. Empty when only
    /// exclusions were typed.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// What must not occur, as a query of its own: an entry that says any of it is no result.
    pub fn barred(&self) -> Self {
        let clauses = self.excluded.iter().map(|words| Clause { words: words.clone(), required: true });
        Self { clauses: clauses.collect(), excluded: Vec::new(), meaning: String::new(), growing: None }
    }

    /// Which clause is perhaps still being typed: the last one, when no space follows it.
    pub fn growing(&self) -> Option<usize> {
        self.growing
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.meaning.is_empty()
    }

    fn find(&self, part: &str) -> Option<usize> {
        let words = words::list(part);
        self.clauses.iter().position(|clause| clause.words == words)
    }

    fn add(&mut self, part: &str, quoted: bool, negated: bool) {
        if !negated && !part.trim().is_empty() {
            if !self.meaning.is_empty() {
                self.meaning.push(' ');
            }
            self.meaning.push_str(part.trim());
        }
        let words = words::list(part);
        if words.is_empty() || self.clauses.len() + self.excluded.len() >= MAX_CLAUSES {
            return;
        }
        if negated {
            self.excluded.push(words);
        } else if let Some(known) = self.clauses.iter_mut().find(|known| known.words == words) {
            known.required |= quoted;
        } else {
            self.clauses.push(Clause { words, required: quoted });
        }
    }
}

/// Splits off the next word or quoted phrase: the part, whether it was quoted, what follows.
fn next_part(text: &str) -> (&str, bool, &str) {
    const CLOSING: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];
    if let Some(body) = text.strip_prefix(CLOSING) {
        return match body.find(CLOSING) {
            Some(end) => {
                let after = body[end..].chars().next().map_or(end, |quote| end + quote.len_utf8());
                (&body[..end], true, &body[after..])
            }
            None => (body, true, ""),
        };
    }
    let end =
        text.find(|symbol: char| symbol.is_whitespace() || CLOSING.contains(&symbol)).unwrap_or(text.len());
    (&text[..end], false, &text[end..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(query: &Query) -> Vec<(String, bool)> {
        query.clauses().iter().map(|clause| (clause.words.join(" "), clause.required)).collect()
    }

    #[test]
    fn words_phrases_and_exclusions_are_told_apart() {
        let query = Query::parse("  Café “Blue Door” -rain -\"bad luck\" 14:30 café");
        assert_eq!(
            words(&query),
            [("cafe".into(), false), ("blue door".into(), true), ("14 30".into(), false)]
        );
        assert_eq!(query.excluded(), [vec!["rain".to_owned()], vec!["bad".to_owned(), "luck".to_owned()]]);
        assert_eq!(query.meaning(), "Café Blue Door 14:30 café");
    }

    #[test]
    fn odd_input_is_still_a_query() {
        assert!(Query::parse("").is_empty() && Query::parse(" - \"\" ").clauses().is_empty());
        assert!(Query::parse("-rain").is_empty());
        assert_eq!(
            words(&Query::parse("well-known - thing")),
            [("well known".into(), false), ("thing".into(), false)]
        );
        assert_eq!(
            words(&Query::parse("an \"open quote")),
            [("an".into(), false), ("open quote".into(), true)]
        );
    }

    #[test]
    fn the_last_word_is_perhaps_not_finished() {
        for (typed, growing) in [
            ("old harb", Some(1)),
            ("old harb ", None),
            ("old \"harb", None),
            ("harb -old", None),
            ("harb old harb", Some(0)),
            ("", None),
        ] {
            assert_eq!(Query::parse(typed).growing(), growing, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn anything_parses(typed in any::<String>()) {
            let query = Query::parse(&typed);
            prop_assert!(query.clauses().len() + query.excluded().len() <= MAX_CLAUSES);
            prop_assert!(query.clauses().iter().all(|clause| !clause.words.is_empty()));
        }
    }
}
