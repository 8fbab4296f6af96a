//! A generator without a model, for tests: deterministic, one word at a time, obeying words in the entry.
//!
//! Words in the last turn of the writer, anywhere and in any case:
//!
//! | words | effect |
//! |---|---|
//! | `slowly` | waits between words ([`ScriptedGenerator::with_pause`], 40 ms unless told) |
//! | `at length` | goes on until `max_tokens` words are written |
//! | `please fail` | says three words, then fails |
//! | `please panic` | says three words, then panics |
//! | `say nothing` | ends at once, without text |
//! | `again and again` | says one sentence for ever |
//! | `say everything` | says all it was given but the rules, as a model that obeys anything would |
//! | `please invent` | asked for a shape, tells of a person and a number that nobody wrote of |
//! | `break the shape` | asked for a shape, says something else, as a generator without a grammar may |
//!
//! Asked for labels it gives the longest words, asked for sentences it says again how the text begins, or its first
//! quotation where there is one.

use std::{thread, time::Duration};

use crate::{
    config::manifest::Ability,
    llm::{
        Cancel, GenEvent, GenRequest, Generator, LlmError, ModelIdentity, Speaker, StopReason, shape::Shape,
        speed::Speed,
    },
};

/// Words read per [`GenEvent::Reading`].
const CHUNK: usize = 32;
const STEP: Duration = Duration::from_millis(5);

/// See the module.
pub struct ScriptedGenerator {
    identity: ModelIdentity,
    pause: Duration,
}

impl Default for ScriptedGenerator {
    fn default() -> Self {
        Self::with_pause(Duration::from_millis(40))
    }
}

impl ScriptedGenerator {
    /// The same with another ability.
    pub fn able(mut self, ability: Ability) -> Self {
        self.identity.ability = ability;
        self
    }

    /// One of another name, which is also where its digest comes from.
    pub fn named(name: &str, pause: Duration) -> Self {
        let mut one = Self::with_pause(pause);
        name.clone_into(&mut one.identity.name);
        for (byte, letter) in one.identity.sha256.iter_mut().zip(name.bytes()) {
            *byte = letter;
        }
        one
    }

    /// One that waits this long between words when asked to go slowly.
    pub fn with_pause(pause: Duration) -> Self {
        Self {
            identity: ModelIdentity {
                name: "Scripted".to_owned(),
                sha256: [0x5c; 32],
                context: 4096,
                ability: Ability::Taste,
            },
            pause,
        }
    }

    fn shaped(entry: &str, shape: Shape) -> String {
        let lower = entry.to_lowercase();
        if lower.contains("break the shape") {
            return "<b>Sure!</b> Here you **are**:\n1) {first}".to_owned();
        }
        let quoted: String = entry.lines().filter(|line| line.starts_with('>')).collect();
        let mut words = words(if quoted.is_empty() { entry } else { &quoted });
        let first: Vec<&str> = words.iter().take(4).copied().collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        words.dedup();
        match shape {
            Shape::Labels { .. } if lower.contains("please invent") => "Zebedee Quill\n41 boats".to_owned(),
            Shape::Labels { most, .. } => {
                words.into_iter().take(most.into()).map(str::to_lowercase).collect::<Vec<_>>().join("\n")
            }
            Shape::Sentences { .. } if lower.contains("please invent") => {
                "You met Zebedee Quill on the 14th of May.".to_owned()
            }
            Shape::Sentences { .. } => format!("You wrote of {}.", first.join(" ").to_lowercase()),
        }
    }

    fn answer(entry: &str) -> String {
        let words = words(entry);
        let Some(longest) = words.iter().rev().max_by_key(|word| word.chars().count()) else {
            return "You wrote no words.".to_owned();
        };
        format!(
            "You wrote {} words about **{longest}**. What would you like to remember of it a year from now?",
            words.len()
        )
    }
}

fn words(entry: &str) -> Vec<&str> {
    entry.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

fn wait(pause: Duration, cancel: &Cancel) {
    let mut left = pause;
    while !left.is_zero() && !cancel.is_cancelled() {
        let step = left.min(STEP);
        thread::sleep(step);
        left -= step;
    }
}

impl Generator for ScriptedGenerator {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn generate(
        &mut self,
        request: &GenRequest,
        cancel: &Cancel,
        sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        let total: usize =
            request.messages.iter().map(|message| message.text.split_whitespace().count()).sum();
        for done in (CHUNK..total).step_by(CHUNK).chain([total]) {
            if cancel.is_cancelled() {
                return Ok(StopReason::Cancelled);
            }
            sink(GenEvent::Reading { done: done as u32, total: total as u32 });
        }
        let entry = request.messages.iter().rev().find(|message| message.role == Speaker::Writer);
        let entry = entry.map_or("", |message| message.text.as_str());
        let lower = entry.to_lowercase();
        let pause = if lower.contains("slowly") { self.pause } else { Duration::ZERO };
        if lower.contains("say nothing") {
            return Ok(StopReason::End);
        }
        let mut answer = match request.shape {
            Some(shape) => Self::shaped(entry, shape),
            None => Self::answer(entry),
        };
        if lower.contains("say everything") {
            let given = request.messages.iter().filter(|message| message.role != Speaker::System);
            answer = given.map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n\n");
        }
        if lower.contains("again and again") {
            answer = "The harbour was quiet and the boats came home one by one. ".repeat(40);
        }
        if lower.contains("at length") {
            for count in 1..=request.max_tokens {
                answer.push_str(&format!(" And thought {count} follows."));
            }
        }
        for (idx, word) in answer.split_inclusive(' ').enumerate() {
            if cancel.is_cancelled() {
                return Ok(StopReason::Cancelled);
            }
            if idx == request.max_tokens as usize {
                return Ok(StopReason::Length);
            }
            if idx == 3 && lower.contains("please fail") {
                return Err(LlmError::Failed("it was asked to".to_owned()));
            }
            assert!(
                !(idx == 3 && lower.contains("please panic")),
                "the scripted generator was asked to panic"
            );
            wait(pause, cancel);
            sink(GenEvent::Token(word.to_owned()));
        }
        Ok(StopReason::End)
    }

    fn measure(&mut self, threads: u32, is_wanted: &dyn Fn() -> bool) -> Result<Option<Speed>, LlmError> {
        // Two threads are as fast as it gets.
        let factor = f64::from(threads.min(2));
        Ok(is_wanted().then_some(Speed { reading: 500.0 * factor, writing: 25.0 * factor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::Message;

    fn run(entry: &str, cancel: &Cancel) -> (String, Result<StopReason, LlmError>) {
        let mut text = String::new();
        let request =
            GenRequest { max_tokens: 50, ..GenRequest::reply(vec![Message::new(Speaker::Writer, entry)], 1) };
        let ended = ScriptedGenerator::default().generate(&request, cancel, &mut |event| {
            if let GenEvent::Token(word) = event {
                text.push_str(&word);
            }
        });
        (text, ended)
    }

    #[test]
    fn it_says_the_same_of_the_same_entry() {
        let (text, ended) = run("We planted tomatoes.", &Cancel::new());
        assert!(text.starts_with("You wrote 3 words about **tomatoes**."), "{text}");
        assert_eq!(ended, Ok(StopReason::End));
        assert_eq!(run("We planted tomatoes.", &Cancel::new()).0, text);
    }

    #[test]
    fn it_obeys_the_words_in_the_entry() {
        let (text, ended) = run("please fail now", &Cancel::new());
        assert_eq!((text.as_str(), ended.is_err()), ("You wrote 3 ", true));
        assert_eq!(run("tell me at length", &Cancel::new()).1, Ok(StopReason::Length));
        assert_eq!(run("say nothing", &Cancel::new()), (String::new(), Ok(StopReason::End)));
        let cancel = Cancel::new();
        cancel.cancel();
        assert_eq!(run("slowly", &cancel), (String::new(), Ok(StopReason::Cancelled)));
    }
}
