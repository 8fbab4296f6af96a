//! What a text turns into inside the program: numbers of tokens, and vectors. Both can be turned back into words, so
//! neither may be found on disk or in a log.

use std::path::Path;

use half::{bf16, f16};
use llamora::app::models::{FoundModels, catalogue, load_embedder};
use llamora::config::Config;
use llamora::search::embed::Embedder;
use tokenizers::Tokenizer;

use crate::leaks::{Leak, Scanner};
use crate::program::models;

/// So many tokens in a row are no accident.
const RUN: usize = 6;
/// A window of numbers that is this like a vector is that vector, or one made from it.
const LIKE: f32 = 0.4;
/// Windows are judged by their first numbers, and only those that are a little alike by all of them.
const GLANCE: usize = 48;
const A_LITTLE_LIKE: f32 = 0.2;

/// The embedder's eyes.
pub struct Shadows {
    tokenizer: Tokenizer,
    embedder: Box<dyn Embedder>,
}

impl Shadows {
    /// Loads the embedder from the folder with models; `None` when this machine has none.
    pub fn new() -> Option<Shadows> {
        let folder = models()?;
        let mut tokenizer = Tokenizer::from_file(folder.join("embedder/tokenizer.json")).unwrap();
        // As it comes it fills every text up to one length.
        tokenizer.with_padding(None).with_truncation(None).unwrap();
        let mut config = Config::default();
        config.models.dir = folder.to_str().unwrap().to_owned();
        let files = FoundModels::find(&catalogue(&config, &folder)).embedder?;
        Some(Shadows { tokenizer, embedder: load_embedder(&files).unwrap() })
    }

    /// Adds the runs of tokens of these words to what a scanner looks for.
    pub fn add_tokens(&self, words: &[(String, String)], scanner: &mut Scanner) {
        for (name, text) in words {
            let ids = self.tokenizer.encode(text.as_str(), false).unwrap().get_ids().to_vec();
            let Some(last) = ids.len().checked_sub(RUN) else { continue };
            for start in [0, last / 2, last] {
                let run = &ids[start..start + RUN];
                let narrow = run.iter().flat_map(|id| u16::try_from(*id).unwrap().to_le_bytes()).collect();
                let wide = run.iter().flat_map(|id| id.to_le_bytes()).collect();
                let widest = run.iter().flat_map(|id| u64::from(*id).to_le_bytes()).collect();
                scanner.add(name, "tokens of 16 bits", narrow);
                scanner.add(name, "tokens of 32 bits", wide);
                scanner.add(name, "tokens of 64 bits", widest);
            }
        }
    }

    /// The vector of a text.
    pub fn vector(&mut self, text: &str) -> Vec<f32> {
        self.embedder.embed(&[text]).unwrap().remove(0)
    }
}

/// Everything in a folder that is like a vector, whatever its numbers are written as.
pub fn vectors_in(folder: &Path, name: &str, vector: &[f32]) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            leaks.extend(vectors_in(&path, name, vector));
        } else if path.is_file() {
            let place = path.display().to_string();
            let forms = forms_in(&std::fs::read(&path).unwrap(), vector);
            leaks.extend(forms.into_iter().map(|form| Leak {
                word: name.to_owned(),
                form: form.to_owned(),
                place: place.clone(),
            }));
        }
    }
    leaks
}

/// The kinds of numbers in which a piece of `hay` is like the vector.
fn forms_in(hay: &[u8], vector: &[f32]) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut look = |form: &'static str, width: usize, step: usize, number: fn(&[u8]) -> f32| {
        let is_like = |at: &usize| {
            let window = &hay[*at..*at + width * vector.len()];
            let alike = |n: usize| likeness(window.chunks_exact(width).map(number), &vector[..n]);
            alike(GLANCE) > A_LITTLE_LIKE && alike(vector.len()) > LIKE
        };
        let last = (hay.len() + 1).saturating_sub(width * vector.len());
        if (0..last).step_by(step).any(|at| is_like(&at)) {
            found.push(form);
        }
    };
    look("numbers of 8 bits", 1, 1, |bytes| f32::from(bytes[0].cast_signed()));
    look("half precision", 2, 2, |bytes| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32());
    look("bfloat16", 2, 2, |bytes| bf16::from_le_bytes([bytes[0], bytes[1]]).to_f32());
    look("single precision", 4, 2, |bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    found
}

/// The cosine of two vectors; 0 when there is none.
fn likeness(numbers: impl Iterator<Item = f32>, vector: &[f32]) -> f32 {
    let (mut dot, mut own, mut other) = (0.0, 0.0, 0.0);
    for (number, part) in numbers.zip(vector) {
        dot += number * part;
        own += number * number;
        other += part * part;
    }
    let cosine = dot / (own * other).sqrt();
    if cosine.is_finite() { cosine } else { 0.0 }
}

#[cfg(test)]
mod controls {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn a_planted_vector_is_caught_in_every_form_and_noise_and_text_are_not() {
        let vector: Vec<f32> = noise(384).iter().map(|byte| (f32::from(*byte) - 127.5) / 1400.0).collect();
        let planted = |bytes: Vec<u8>| [noise(5002), bytes, noise(3000)].concat();
        let each =
            |write: &dyn Fn(f32) -> Vec<u8>| vector.iter().flat_map(|part| write(*part)).collect::<Vec<u8>>();
        for (form, bytes) in [
            ("single precision", each(&|part| part.to_le_bytes().to_vec())),
            ("half precision", each(&|part| f16::from_f32(part).to_le_bytes().to_vec())),
            ("bfloat16", each(&|part| bf16::from_f32(part).to_le_bytes().to_vec())),
            ("numbers of 8 bits", each(&|part| vec![((part * 1270.0) as i8).cast_unsigned()])),
            ("numbers of 8 bits", each(&|part| vec![((part * 40.0) as i8).cast_unsigned()])),
        ] {
            assert!(forms_in(&planted(bytes), &vector).contains(&form), "a vector in {form} is missed");
        }
        let text = "It rained all day and nobody minded very much. ".repeat(300).into_bytes();
        for hay in [noise(40_000), text, vec![0; 4000], vec![0xff; 4000], Vec::new()] {
            assert_eq!(forms_in(&hay, &vector), Vec::<&str>::new());
        }
    }

    #[test]
    fn planted_tokens_are_caught() {
        let Some(shadows) = Shadows::new() else {
            println!("skipped planted_tokens_are_caught: there is no embedder here (make models)");
            return;
        };
        let words = [("planted".to_owned(), "CNRY07Q7ZK2MWA5RTUX3VB".to_owned())];
        let mut scanner = Scanner::new(&words);
        shadows.add_tokens(&words, &mut scanner);
        let sentence = format!("Before it {} and after.", words[0].1);
        let ids = shadows.tokenizer.encode(sentence, true).unwrap().get_ids().to_vec();
        for bytes in [
            ids.iter().flat_map(|id| (*id as u16).to_le_bytes()).collect::<Vec<u8>>(),
            ids.iter().flat_map(|id| id.to_le_bytes()).collect(),
            ids.iter().flat_map(|id| i64::from(*id).to_le_bytes()).collect(),
        ] {
            let folder = tempfile::TempDir::new().unwrap();
            std::fs::write(folder.path().join("file"), [noise(333), bytes, noise(77)].concat()).unwrap();
            let leaks = scanner.folder(folder.path());
            assert!(leaks.iter().any(|leak| leak.form.starts_with("tokens")), "{leaks:?}");
        }
    }
}
