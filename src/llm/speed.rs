//! How fast a model is on this machine, and what that means for a person who waits.
//!
//! Measured by `llamora models bench` or on the settings page, and kept in `model.speed.json` in the data folder, beside
//! the choice of the model: names and checksums of models, numbers, and the name of the processor; nothing of a journal.
//! A data folder may travel on a stick, so what another machine measured is left alone and not believed.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::llm::machine;

/// File in the data folder.
pub const FILE: &str = "model.speed.json";
/// More than this is not read: it would not be ours.
const MAX_BYTES: u64 = 1 << 20;
/// So many results are kept; the oldest goes first.
const MOST: usize = 64;

/// A usual conversation, in tokens: rules, the day so far and a few memories are read, and a reply is written.
pub const USUAL: Conversation = Conversation { reading: 700, writing: 150 };

/// How much is read and written, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversation {
    /// Tokens of the prompt.
    pub reading: u32,
    /// Tokens of the answer.
    pub writing: u32,
}

/// Tokens per second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Of a prompt.
    pub reading: f64,
    /// Of an answer.
    pub writing: f64,
}

impl Speed {
    /// Seconds that a conversation takes.
    pub fn seconds(self, conversation: Conversation) -> f64 {
        let Conversation { reading, writing } = conversation;
        f64::from(reading) / self.reading.max(0.001) + f64::from(writing) / self.writing.max(0.001)
    }

    /// What a model of another size can be expected to do: both mostly wait for memory, and so for bytes.
    pub fn scaled(self, from_bytes: u64, to_bytes: u64) -> Self {
        let factor = from_bytes.max(1) as f64 / to_bytes.max(1) as f64;
        Self { reading: self.reading * factor, writing: self.writing * factor }
    }

    /// Whether these are numbers that a machine can have.
    fn is_sound(self) -> bool {
        [self.reading, self.writing].iter().all(|rate| rate.is_finite() && *rate > 0.0)
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Threads that computed.
    pub threads: u32,
    /// How fast.
    #[serde(flatten)]
    pub speed: Speed,
}

/// The measurements of one model on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// File name of the model, for people.
    pub model: String,
    /// Digest of its file, in hexadecimal.
    pub sha256: String,
    /// The machine, see [`machine::name`].
    pub machine: String,
    /// One for each number of threads.
    pub measured: Vec<Measured>,
}

impl Bench {
    /// The number of threads with which a usual reply is there first.
    pub fn best(&self) -> Option<Measured> {
        let sound = self.measured.iter().filter(|measured| measured.speed.is_sound()).copied();
        sound.min_by(|left, right| left.speed.seconds(USUAL).total_cmp(&right.speed.seconds(USUAL)))
    }
}

/// What is said of a model when nothing is known of its speed.
pub const NOT_MEASURED: &str = "not measured yet";

/// How fast a model is on this machine, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How fast.
    pub speed: Speed,
    /// Whether this very model was measured; else it is a guess by the size of its file.
    pub is_measured: bool,
}

impl Estimate {
    /// How long somebody waits: `a usual reply takes about 9 s, as measured`.
    pub fn words(self) -> String {
        let wait = about(self.speed.seconds(USUAL));
        if self.is_measured {
            format!("a usual reply takes {wait}, as measured")
        } else {
            format!("a usual reply takes perhaps {wait}, going by its size")
        }
    }

    /// How fast it reads and writes: `it reads 210 and writes 12 tokens a second`.
    pub fn rates(self) -> String {
        let perhaps = if self.is_measured { "" } else { "perhaps " };
        let rate = |rate: f64| if rate < 9.95 { format!("{rate:.1}") } else { format!("{rate:.0}") };
        let Speed { reading, writing } = self.speed;
        format!("it reads {perhaps}{} and writes {perhaps}{} tokens a second", rate(reading), rate(writing))
    }
}

/// From what estimates are made.
#[derive(Debug, Clone, Default)]
pub struct Estimates {
    benches: Vec<Bench>,
    /// The largest model here that was measured, with the size of its file: what others are compared with.
    yardstick: Option<(Speed, u64)>,
}

impl Estimates {
    /// From what was measured on this machine, and the checksums (in hexadecimal) and sizes of the models that are here.
    pub fn new(benches: Vec<Bench>, here: impl IntoIterator<Item = (String, u64)>) -> Self {
        let measured = here.into_iter().filter_map(|(sha256, bytes)| Some((find(&benches, &sha256)?, bytes)));
        let yardstick = measured.max_by_key(|(_, bytes)| *bytes);
        Self { benches, yardstick }
    }

    /// How fast a model is, by its checksum if it was measured, else by its size if another one was. `None` when nothing
    /// is known.
    pub fn of(&self, sha256: Option<&str>, bytes: u64) -> Option<Estimate> {
        if let Some(speed) = sha256.and_then(|sha256| find(&self.benches, sha256)) {
            return Some(Estimate { speed, is_measured: true });
        }
        self.yardstick.map(|(speed, from)| Estimate { speed: speed.scaled(from, bytes), is_measured: false })
    }
}

fn find(benches: &[Bench], sha256: &str) -> Option<Speed> {
    let bench = benches.iter().find(|bench| bench.sha256 == sha256)?;
    bench.best().map(|best| best.speed)
}

/// Numbers of threads worth measuring where at most so many may compute: 1, 2, 4, ... and the most.
pub fn counts(most: u32) -> Vec<u32> {
    let mut counts: Vec<u32> = (0..).map(|power| 1 << power).take_while(|count| *count < most).collect();
    counts.push(most.max(1));
    counts
}

/// What was measured on this machine, from the data folder. A file that cannot be read counts as none.
pub fn known(data: &Path) -> Vec<Bench> {
    let here = machine::name();
    read(data).into_iter().filter(|bench| bench.machine == here).collect()
}

/// What was measured of one model on this machine.
pub fn of(data: &Path, sha256: &str) -> Option<Bench> {
    known(data).into_iter().find(|bench| bench.sha256 == sha256)
}

/// Keeps measurements, in place of earlier ones of the same model on this machine.
///
/// # Errors
/// When the data folder cannot be written.
pub fn keep(data: &Path, bench: Bench) -> std::io::Result<()> {
    let mut all = read(data);
    all.retain(|known| known.sha256 != bench.sha256 || known.machine != bench.machine);
    all.push(bench);
    let surplus = all.len().saturating_sub(MOST);
    let text = serde_json::to_vec_pretty(&all[surplus..]).map_err(std::io::Error::other)?;
    let (path, part) = (data.join(FILE), data.join(format!("{FILE}.{}.part", std::process::id())));
    fs::create_dir_all(data)?;
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(&text)?;
        fs::rename(&part, &path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn read(data: &Path) -> Vec<Bench> {
    let mut text = Vec::new();
    let file = fs::File::open(data.join(FILE)).ok();
    let read = file.and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text).ok());
    read.and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// A duration as it is told to somebody who waits, coarse as such guesses are: `about 9 s`, `about 2 minutes`.
pub fn about(seconds: f64) -> String {
    if !seconds.is_finite() || seconds > 5400.0 {
        return "more than an hour".to_owned();
    }
    match seconds.max(0.0) {
        seconds if seconds < 1.5 => "about a second".to_owned(),
        seconds if seconds < 10.0 => format!("about {seconds:.0} s"),
        seconds if seconds < 57.5 => format!("about {:.0} s", (seconds / 5.0).round() * 5.0),
        seconds if seconds < 90.0 => "about a minute".to_owned(),
        seconds => format!("about {:.0} minutes", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench(model: &str, machine: &str) -> Bench {
        let at = |threads, reading, writing| Measured { threads, speed: Speed { reading, writing } };
        let measured = vec![at(1, 100.0, 20.0), at(2, 200.0, 30.0), at(4, 150.0, 3.0)];
        Bench { model: model.to_owned(), sha256: model.repeat(8), machine: machine.to_owned(), measured }
    }

    #[test]
    fn what_was_measured_here_is_kept_and_what_another_machine_did_is_not_believed() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(known(data.path()), []);
        keep(data.path(), bench("a", "elsewhere")).unwrap();
        keep(data.path(), bench("a", &machine::name())).unwrap();
        keep(data.path(), Bench { measured: Vec::new(), ..bench("a", &machine::name()) }).unwrap();
        keep(data.path(), bench("b", &machine::name())).unwrap();
        let names: Vec<_> = known(data.path()).into_iter().map(|bench| bench.model).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(of(data.path(), "aaaaaaaa").and_then(|bench| bench.best()), None);
        assert_eq!(
            of(data.path(), "bbbbbbbb").and_then(|bench| bench.best()).map(|best| best.threads),
            Some(2)
        );
        assert_eq!(read(data.path()).len(), 3);
        fs::write(data.path().join(FILE), "[{").unwrap();
        assert_eq!(known(data.path()), []);
        for number in 0..MOST + 5 {
            keep(data.path(), bench(&number.to_string(), "x")).unwrap();
        }
        assert_eq!(read(data.path()).len(), MOST);
    }

    #[test]
    fn a_model_is_measured_or_guessed_from_the_largest_that_was_or_not_known() {
        let (small, large) = (bench("a", "x"), bench("b", "x"));
        let (sha_small, sha_large) = (small.sha256.clone(), large.sha256.clone());
        let one = |reading, writing| vec![Measured { threads: 1, speed: Speed { reading, writing } }];
        let benches = vec![
            Bench { measured: one(9_000.0, 900.0), ..small },
            Bench { measured: one(100.0, 20.0), ..large },
        ];
        let all = Estimates::new(benches, [(sha_small, 10), (sha_large.clone(), 100), ("c".to_owned(), 900)]);
        let said = |sha256, bytes| all.of(sha256, bytes).map(|found| (found.words(), found.rates()));
        let measured = said(Some(sha_large.as_str()), 100).expect("it was measured");
        assert_eq!(measured.0, "a usual reply takes about 15 s, as measured");
        assert_eq!(measured.1, "it reads 100 and writes 20 tokens a second");
        for sha256 in [None, Some("c")] {
            let guessed = said(sha256, 400).expect("another one was");
            assert_eq!(guessed.0, "a usual reply takes perhaps about a minute, going by its size");
            assert_eq!(guessed.1, "it reads perhaps 25 and writes perhaps 5.0 tokens a second");
        }
        assert_eq!(Estimates::new(Vec::new(), [(sha_large, 100)]).of(None, 100), None);
    }

    #[test]
    fn estimates_are_coarse_and_never_nonsense() {
        for (seconds, said) in [
            (0.0, "about a second"),
            (f64::NAN, "more than an hour"),
            (8.6, "about 9 s"),
            (13.0, "about 15 s"),
            (58.0, "about a minute"),
            (118.0, "about 2 minutes"),
            (1e9, "more than an hour"),
        ] {
            assert_eq!(about(seconds), said);
        }
        let speed = Speed { reading: 100.0, writing: 20.0 };
        assert_eq!(speed.seconds(Conversation { reading: 700, writing: 150 }), 14.5);
        assert_eq!(speed.scaled(100, 1000).seconds(USUAL).round(), 145.0);
        assert_eq!(
            (counts(1), counts(2), counts(3), counts(8)),
            (vec![1], vec![1, 2], vec![1, 2, 3], vec![1, 2, 4, 8])
        );
    }
}
