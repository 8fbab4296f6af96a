//! What a day was about, in the writer's own words: the sentences nearest to its centre. Pure.
//!
//! [`sentences`] gives the candidates of a day's entries. Their vectors come from the embedder, or from
//! [`word_vectors`] where there is none. [`choose`] takes those nearest to the middle of all, leaves out what says the
//! same, and cuts what is long where a clause ends. No word is added, so there is nothing to invent.

use crate::search::{
    chunk,
    vectors::{dot, normalise},
    words,
};

/// So many sentences of a day are compared; of a longer day those with the words that come up most.
pub const MOST_CANDIDATES: usize = 48;
/// A recap has at most so many sentences.
const MOST: usize = 3;
/// A sentence of a recap is cut behind so many characters.
const LONGEST: usize = 200;
/// No clause shorter than this is left over by a cut.
const SHORTEST_CUT: usize = 60;
/// A recap stays below this, in characters, if one sentence does not pass it alone.
const LONG_ENOUGH: usize = 400;
/// A sentence with fewer telling words says nothing of a day.
const FEWEST_WORDS: usize = 3;
/// What a day is about counts this much, and that a sentence says something new the rest.
const NEARNESS: f32 = 0.7;
/// Two sentences as near as this say the same.
const SAME: f32 = 0.9;
/// Components of a vector of words.
const DIMS: usize = 256;

/// Sentences of a day that may stand for it, in the order of writing. `texts` are the plain texts of its entries.
pub fn sentences(texts: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        for range in chunk::sentences(text) {
            let piece = text[range].split_whitespace().collect::<Vec<_>>().join(" ");
            let n_telling = words::list(&piece).iter().filter(|word| !words::is_common(word)).count();
            if n_telling >= FEWEST_WORDS && !all.contains(&piece) {
                all.push(piece);
            }
        }
    }
    if all.len() <= MOST_CANDIDATES {
        return all;
    }
    let vectors = word_vectors(&all);
    let mut best = nearness(&all, &vectors).into_iter().enumerate().collect::<Vec<_>>();
    best.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    let mut kept: Vec<usize> = best.into_iter().take(MOST_CANDIDATES).map(|(idx, _)| idx).collect();
    kept.sort_unstable();
    kept.into_iter().map(|idx| std::mem::take(&mut all[idx])).collect()
}

/// Vectors by which sentences that share telling words are near, for where there is no embedder.
pub fn word_vectors(sentences: &[String]) -> Vec<Vec<f32>> {
    let of_words = |sentence: &String| {
        let mut vector = vec![0.0; DIMS];
        for word in words::list(sentence).iter().filter(|word| !words::is_common(word)) {
            // The beginning stands for the word: endings differ.
            let hash = word
                .chars()
                .take(5)
                .fold(0xcbf2_9ce4_u32, |hash, symbol| (hash ^ symbol as u32).wrapping_mul(0x0100_0193));
            vector[hash as usize % DIMS] += 1.0;
        }
        normalise(&mut vector);
        vector
    };
    sentences.iter().map(of_words).collect()
}

/// The recap of a day: one to three of its sentences in the order of writing, cut well; none without candidates.
/// `vectors` are of length one, one for each sentence.
pub fn choose(sentences: &[String], vectors: &[Vec<f32>]) -> Vec<String> {
    pick(sentences, vectors).into_iter().map(|idx| cut(&sentences[idx])).collect()
}

/// Which sentences [`choose`] takes, in the order of writing: for where it matters whose they are.
pub fn pick(sentences: &[String], vectors: &[Vec<f32>]) -> Vec<usize> {
    if sentences.is_empty() || sentences.len() != vectors.len() {
        return Vec::new();
    }
    let near = nearness(sentences, vectors);
    let wanted = match sentences.len() {
        0..=3 => 1,
        4..=8 => 2,
        _ => MOST,
    };
    let mut chosen: Vec<usize> = Vec::new();
    let mut length = 0;
    while chosen.len() < wanted {
        let said = |idx: usize| {
            chosen.iter().map(|other| dot(&vectors[idx], &vectors[*other])).fold(0.0_f32, f32::max)
        };
        let worth = |idx: usize| NEARNESS * near[idx] - (1.0 - NEARNESS) * said(idx);
        let open = (0..sentences.len()).filter(|idx| !chosen.contains(idx) && said(*idx) < SAME);
        let Some(best) =
            open.max_by(|left, right| worth(*left).total_cmp(&worth(*right)).then(right.cmp(left)))
        else {
            break;
        };
        length += cut(&sentences[best]).chars().count();
        if !chosen.is_empty() && length > LONG_ENOUGH {
            break;
        }
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

/// How near each sentence is to the middle of all. Long ones weigh more in it: they say more.
fn nearness(sentences: &[String], vectors: &[Vec<f32>]) -> Vec<f32> {
    let mut middle = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for (sentence, vector) in sentences.iter().zip(vectors) {
        let weight = (sentence.chars().count().min(LONGEST) as f32).sqrt();
        middle.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
    }
    normalise(&mut middle);
    let of_one = |(sentence, vector): (&String, &Vec<f32>)| {
        // A question stands for a day less well than what happened.
        let doubt = if sentence.ends_with(['?', '\u{ff1f}', '\u{61f}']) { 0.08 } else { 0.0 };
        dot(&middle, vector) - doubt
    };
    sentences.iter().zip(vectors).map(of_one).collect()
}

/// A sentence that is not too long: cut where a clause ends, else between words, with an ellipsis.
pub fn cut(sentence: &str) -> String {
    let Some((limit, _)) = sentence.char_indices().nth(LONGEST) else { return sentence.to_owned() };
    let head = &sentence[..limit];
    let long_enough = head.char_indices().nth(SHORTEST_CUT).map_or(limit, |(at, _)| at);
    let clause =
        head.rfind([',', ';', ':', '\u{2013}', '\u{2014}', '\u{3001}', '\u{ff0c}', '\u{61b}', '\u{60c}']);
    let end = clause.or_else(|| head.rfind(' ')).filter(|end| *end >= long_enough);
    let end = end.or_else(|| head.rfind(' ')).filter(|end| *end > 0).unwrap_or(limit);
    format!(
        "{}\u{2026}",
        head[..end].trim_end_matches([' ', ',', ';', ':', '\u{2013}', '\u{2014}', '\u{3001}', '\u{ff0c}'])
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recap(texts: &[&str]) -> Vec<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let sentences = sentences(&texts);
        choose(&sentences, &word_vectors(&sentences))
    }

    #[test]
    fn what_comes_up_most_stands_for_the_day_and_in_the_order_of_writing() {
        let chosen = recap(&[
            "The garden was wet in the morning. We planted tomatoes in the garden with Ana. The bus came late again.",
            "In the evening we looked at the garden once more. Ana brought tomatoes from her own garden! I must call the bank tomorrow.",
        ]);
        assert_eq!(chosen.len(), 2);
        assert!(chosen.iter().all(|sentence| sentence.contains("garden")), "{chosen:?}");
        assert!(!chosen.iter().any(|sentence| sentence.contains("bus") || sentence.contains("bank")));
    }

    #[test]
    fn a_day_of_few_words_has_no_recap_and_one_of_one_sentence_has_it() {
        assert_eq!(recap(&["Tired.", "Rain again"]), Vec::<String>::new());
        assert_eq!(recap(&[]), Vec::<String>::new());
        let one = "Walked along the river with the dog and met Jonas.";
        assert_eq!(recap(&[one]), [one]);
        let twice = format!("{one} {one}");
        assert_eq!(recap(&[&twice, one]), [one], "said twice is said once");
    }

    #[test]
    fn long_sentences_are_cut_where_a_clause_ends() {
        let long = format!(
            "We walked the whole way along the old canal past the mills and the locks to the harbour, {}",
            "and on ".repeat(40)
        );
        assert_eq!(
            cut(&long),
            "We walked the whole way along the old canal past the mills and the locks to the harbour\u{2026}"
        );
        let words = "word ".repeat(80);
        assert!(cut(words.trim()).ends_with("word\u{2026}"));
        assert_eq!(cut(&"\u{96e8}".repeat(300)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_long_day_is_compared_within_bounds() {
        let text = (0..400)
            .map(|n| format!("Sentence number {n} tells of harbour boats."))
            .collect::<Vec<_>>()
            .join(" ");
        let sentences = sentences(&[text]);
        assert_eq!(sentences.len(), MOST_CANDIDATES);
        assert!(choose(&sentences, &word_vectors(&sentences)).len() <= MOST);
    }

    proptest! {
        #[test]
        fn a_recap_is_short_and_made_of_the_day_alone(texts in proptest::collection::vec("[a-zA-Z ,.!?\n\u{e9}\u{3002}\u{65e5}]{0,300}", 0..5)) {
            let sentences = sentences(&texts);
            let chosen = choose(&sentences, &word_vectors(&sentences));
            prop_assert!(chosen.len() <= MOST && (chosen.is_empty() == sentences.is_empty()));
            for sentence in &chosen {
                let said = sentence.trim_end_matches('\u{2026}');
                prop_assert!(sentences.iter().any(|other| other.starts_with(said)), "{:?}", sentence);
                prop_assert!(sentence.chars().count() <= LONGEST + 1);
            }
        }
    }
}
