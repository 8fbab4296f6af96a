//! The mood of a text: one emoji of a few, or none. Pure.
//!
//! Each mood has sentences that say it; the text is compared with them sentence by sentence, since the whole of an entry
//! is mostly about its subject. A mood is named only when a sentence lies near to it and clearly less near to any other,
//! and to plain telling: saying nothing of a mood costs nothing, a wrong one is an intrusion. The limits were measured on
//! `tests/quality/traces.json`.

use crate::search::vectors::dot;

/// How near a sentence must lie to a mood.
pub const NEAR: f32 = 0.5;
/// By how much nearer than to any other mood.
const CLEAR: f32 = 0.08;
/// Sentences of the text that are compared.
pub const MOST_SENTENCES: usize = 12;

/// Emoji with sentences of people who feel so, as many of each, with a tab between; a hyphen stands for plain telling.
const MOODS: &str = include_str!("moods.txt");
/// Sentences of each mood.
const OF_EACH: usize = 5;

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    MOODS.lines().filter_map(|line| line.split_once('\t'))
}

/// The sentences to embed once, for [`of`].
pub fn sentences() -> impl Iterator<Item = &'static str> {
    lines().map(|(_, sentence)| sentence)
}

/// The mood of a text and how clearly it is said; `said` are the vectors of its sentences, `moods` those of
/// [`sentences`].
pub fn of<'a>(said: impl IntoIterator<Item = &'a [f32]>, moods: &[Vec<f32>]) -> Option<(&'static str, f32)> {
    let (emoji, near, clear) = nearest(said, moods)?;
    (near >= NEAR && clear >= CLEAR).then_some((emoji, near))
}

/// The mood that some sentence lies nearest to, how near, and how much nearer than to the next one.
pub fn nearest<'a>(
    said: impl IntoIterator<Item = &'a [f32]>,
    moods: &[Vec<f32>],
) -> Option<(&'static str, f32, f32)> {
    if moods.len() != lines().count() {
        return None;
    }
    let mut best: Option<(&'static str, f32, f32)> = None;
    for sentence in said {
        let mut by_mood: Vec<(f32, &'static str)> = moods
            .chunks(OF_EACH)
            .zip(lines().step_by(OF_EACH))
            .map(|(vectors, (emoji, _))| {
                let mut near: Vec<f32> = vectors.iter().map(|one| dot(sentence, one)).collect();
                near.sort_by(|one, other| other.total_cmp(one));
                // Two sentences must agree, so that no word alone decides.
                (f32::midpoint(near[0], near[1]), emoji)
            })
            .collect();
        by_mood.sort_by(|one, other| other.0.total_cmp(&one.0));
        let ((near, emoji), next) = (by_mood[0], by_mood[1].0);
        if emoji != "-" && best.is_none_or(|(_, known, _)| near > known) {
            best = Some((emoji, near, near - next));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::trace::emoji;

    fn unit(place: usize, dims: usize) -> Vec<f32> {
        (0..dims).map(|at| f32::from(u8::from(at == place))).collect()
    }

    #[test]
    fn a_mood_is_named_when_a_sentence_is_clearly_near_to_it() {
        let dims = lines().count() / OF_EACH;
        let moods: Vec<Vec<f32>> = (0..dims * OF_EACH).map(|idx| unit(idx / OF_EACH, dims)).collect();
        let sad = unit(2, dims);
        assert_eq!(of([sad.as_slice()], &moods), Some(("\u{1f622}", 1.0)));
        assert_eq!(of([unit(0, dims).as_slice()], &moods), None, "plain telling");
        let both: Vec<f32> = unit(2, dims).iter().zip(unit(3, dims)).map(|(a, b)| (a + b) * 0.7).collect();
        assert_eq!(of([both.as_slice()], &moods), None, "sad or angry");
        assert_eq!(of([both.as_slice(), &sad], &moods).unwrap().0, "\u{1f622}");
        assert_eq!((of([], &moods), of([sad.as_slice()], &moods[1..])), (None, None));
    }

    #[test]
    fn each_mood_is_one_emoji_with_as_many_sentences() {
        let all: Vec<_> = lines().collect();
        assert!(all.len() == MOODS.lines().count() && all.len().is_multiple_of(OF_EACH));
        assert!(all.chunks(OF_EACH).all(|mood| mood.iter().all(|(emoji, _)| *emoji == mood[0].0)));
        assert_eq!(all[0].0, "-");
        let is_known = |mood: &str| emoji::is_one(mood) && emoji::shortcode_of(mood).is_some();
        assert!(all[OF_EACH..].iter().all(|(mood, _)| is_known(mood)));
    }
}
