//! How hard a password is to guess, and how long one graphics card would need for it (SR-20).
//!
//! Passwords are judged by the number of guesses an attacker who knows how people choose would need (zxcvbn), never by
//! rules on their composition. The judgement is the same wherever a password is chosen.

use crate::{
    blocking,
    crypto::{canon::Name, secret::Password},
    services::{Failure, Services, accounts::AccountError},
};

/// Shortest password that is accepted, in characters.
pub const MIN_CHARS: usize = 8;
/// Passwords that need fewer guesses are refused.
pub const REFUSED_BELOW: u64 = 10_000_000_000;
/// Passwords that need fewer guesses are accepted with a warning.
pub const WEAK_BELOW: u64 = 1_000_000_000_000;
/// What everybody would try first in front of this program, besides the name.
const OURS: [&str; 4] = ["llamora", "journal", "diary", "password"];

/// What a guess costs: the scrypt parameters of the journal file. r is always 8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Binary logarithm of N.
    pub log2n: u8,
    /// Lanes.
    pub p: u8,
}

impl Cost {
    /// Guesses that one high-end graphics card makes in a second. Its memory bandwidth is the limit: 10,000 a second at
    /// N * r * p = 600,000, so 5,700 at N = 2^17, r = 8, p = 1 (`security.md` T1).
    fn guesses_per_second(self) -> f64 {
        6e9 / (f64::from(self.log2n).exp2() * 8.0 * f64::from(self.p))
    }

    /// The time for so many guesses, in words that follow "one graphics card would need".
    pub fn time_for(self, guesses: f64) -> String {
        in_words(guesses / self.guesses_per_second())
    }
}

/// What is said about a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Fewer than [`MIN_CHARS`] characters.
    Short,
    /// Fewer than [`REFUSED_BELOW`] guesses.
    Refused,
    /// Fewer than [`WEAK_BELOW`] guesses.
    Weak,
    /// Hard to guess.
    Strong,
}

/// A password, judged. It holds nothing of the password.
#[derive(Clone, PartialEq, Debug)]
pub struct Strength {
    /// What to say.
    pub verdict: Verdict,
    /// Guesses it would take, as a power of ten, 0 to 19.
    pub power: f64,
    /// Time that one graphics card would need, in words.
    pub time: String,
}

impl Strength {
    /// Judges a password in canonical form. Only the first hundred characters are looked at, so the time is bounded;
    /// more of them never make a password weaker.
    pub fn of(canonical: &str, name: &str, cost: Cost) -> Self {
        let name: String = name.chars().take(64).collect();
        let joined: String = name.split_whitespace().collect();
        let mut known = vec![name.as_str(), joined.as_str()];
        known.extend(name.split(|sign: char| !sign.is_alphanumeric()).filter(|part| part.len() > 2));
        known.extend(OURS);
        known.retain(|word| !word.is_empty());
        let guesses = zxcvbn::zxcvbn(canonical, &known).guesses();
        let verdict = match guesses {
            _ if canonical.chars().count() < MIN_CHARS => Verdict::Short,
            ..REFUSED_BELOW => Verdict::Refused,
            REFUSED_BELOW..WEAK_BELOW => Verdict::Weak,
            _ => Verdict::Strong,
        };
        #[allow(clippy::cast_precision_loss, reason = "an estimate, shown in two digits")]
        let number = guesses as f64;
        let time = cost.time_for(number);
        // zxcvbn does not count further than this.
        let time = if guesses == u64::MAX { time.replacen("about", "more than", 1) } else { time };
        Self { verdict, power: number.max(1.0).log10(), time }
    }

    /// What to tell the person who is choosing, in one or two sentences.
    pub fn sentence(&self) -> String {
        let Self { time, .. } = self;
        match self.verdict {
            Verdict::Short => {
                "Choose a password of at least 8 characters; four or five random words make a good one."
                    .to_owned()
            }
            Verdict::Refused => format!(
                "Too easy to guess: one graphics card would need {time}. Add words that have nothing to do with each \
                 other, or take a suggested passphrase."
            ),
            Verdict::Weak => format!(
                "This will do, but it is not strong: one graphics card would need {time}. One more word makes it much \
                 harder."
            ),
            Verdict::Strong => format!("Hard to guess: one graphics card would need {time}."),
        }
    }
}

impl Services {
    /// Judges what is being typed as a password, for the meter. What no password can be is judged as it stands.
    ///
    /// # Errors
    /// Only faults of ours.
    pub async fn strength(&self, name: &str, password: &str) -> Result<Strength, Failure> {
        let (name, cost) = (name.to_owned(), self.cost());
        let typed = zeroize::Zeroizing::new(password.to_owned());
        let judge = move || match Password::typed(&typed) {
            Ok(password) => Strength::of(password.expose(), &name, cost),
            Err(_) => Strength::of(&typed, &name, cost),
        };
        Ok(blocking::brief(judge).await?)
    }

    /// Checks a name and a password that a person chooses: the one policy for all places where one is chosen.
    ///
    /// # Errors
    /// [`AccountError::Sentence`] says what to change.
    pub(super) async fn choose(
        &self,
        name: &str,
        password: &str,
        confirm: &str,
    ) -> Result<(Name, Password), AccountError> {
        let refuse = |sentence: &str| Err(AccountError::Sentence(sentence.to_owned()));
        let Ok(canonical) = Name::choose(name) else {
            return refuse("Choose a name of 1 to 64 letters, digits, spaces or the signs _ - . '");
        };
        if password != confirm {
            return refuse("The two passwords are not the same.");
        }
        let chosen = match Password::choose(password) {
            Ok(chosen) => chosen,
            Err(_) if password.is_empty() => {
                return Err(AccountError::Sentence(Strength::of("", name, self.cost()).sentence()));
            }
            Err(_) => {
                return refuse(
                    "This password holds a character that cannot be used, or is longer than 1,024 bytes.",
                );
            }
        };
        let (name, cost) = (name.to_owned(), self.cost());
        let (chosen, strength) = blocking::brief(move || {
            let strength = Strength::of(chosen.expose(), &name, cost);
            (chosen, strength)
        })
        .await
        .map_err(Failure::from)?;
        match strength.verdict {
            Verdict::Short | Verdict::Refused => Err(AccountError::Sentence(strength.sentence())),
            Verdict::Weak | Verdict::Strong => Ok((canonical, chosen)),
        }
    }

    /// What a guess at a password of this file costs.
    pub fn cost(&self) -> Cost {
        let profile = self.vaults.profile();
        Cost { log2n: profile.log2n, p: profile.p }
    }
}

/// A time in two digits, from `less than a second` to `more than a billion years`.
fn in_words(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    const YEAR: f64 = 365.25 * DAY;
    const UNITS: [(f64, f64, &str); 8] = [
        (MINUTE, 1.0, "seconds"),
        (HOUR, MINUTE, "minutes"),
        (DAY, HOUR, "hours"),
        (60.0 * DAY, DAY, "days"),
        (2.0 * YEAR, YEAR / 12.0, "months"),
        (1e4 * YEAR, YEAR, "years"),
        (1e6 * YEAR, 1e3 * YEAR, "thousand years"),
        (1e9 * YEAR, 1e6 * YEAR, "million years"),
    ];
    if seconds < 1.0 {
        return "less than a second".to_owned();
    }
    for (below, unit, word) in UNITS {
        if seconds < below {
            let count = seconds / unit;
            // Two digits are more than an estimate deserves already.
            let step = if count < 100.0 { 1.0 } else { 10_f64.powf(count.log10().floor() - 1.0) };
            let rounded = (count / step).round() * step;
            let word = if rounded < 1.5 { word.trim_end_matches('s') } else { word };
            return if word.ends_with("year") && unit > YEAR {
                format!("about {rounded:.0} {word}s")
            } else {
                format!("about {rounded:.0} {word}")
            };
        }
    }
    "more than a billion years".to_owned()
}

#[cfg(test)]
mod tests;
