//! What a person took and refused of what was suggested, kept sealed in the setting `traces.taught`. It moves only the
//! order, for its owner alone.

use crate::{
    journal::trace::TraceName,
    vault::{
        error::VaultError,
        settings,
        transaction::{Reader, Writer},
    },
};

/// How much what was taken or refused counts.
const TAUGHT: f32 = 0.12;
/// The setting, and how many names it remembers.
const SETTING: &str = "traces.taught";
const MOST_TAUGHT: usize = 500;
/// The setting is never shorter, so that its length does not tell how many names and which.
const FILLED: usize = 7_900;

/// What its owner took and refused, by the key of the name.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(in crate::services::traces) struct Taught(Vec<(String, u16, u16)>);

/// Notes that a name was attached: one that was suggested, or refused before.
pub(in crate::services::traces) fn note_taken(
    w: &mut Writer<'_>,
    name: &TraceName,
    is_suggested: bool,
) -> Result<(), VaultError> {
    let is_known = Taught::read(w)?.0.iter().any(|(key, ..)| key == name.key());
    if is_suggested || is_known { teach(w, name, true) } else { Ok(()) }
}

pub(super) fn teach(w: &mut Writer<'_>, name: &TraceName, is_taken: bool) -> Result<(), VaultError> {
    let mut taught = Taught::read(w)?;
    taught.note(name.key(), is_taken);
    settings::put(w, SETTING, &taught.to_bytes())
}

impl Taught {
    /// What was taught in this journal.
    ///
    /// # Errors
    /// Store errors.
    pub(in crate::services::traces) fn read(r: &Reader<'_>) -> Result<Self, VaultError> {
        match settings::get(r, SETTING) {
            // It moves an order and no more.
            Err(error) if error.is_of_one_record() => Ok(Self::default()),
            found => Ok(found?.map_or_else(Self::default, |bytes| Self::from_bytes(&bytes))),
        }
    }

    /// Whether it was refused more often than taken.
    pub(in crate::services::traces) fn is_unwanted(&self, key: &str) -> bool {
        self.0.iter().any(|(known, taken, refused)| known == key && refused > taken)
    }

    /// What taking and refusing adds to the worth of a name.
    pub(super) fn weight(&self, key: &str) -> f32 {
        let found = self.0.iter().find(|(known, ..)| known == key);
        found.map_or(0.0, |(_, taken, refused)| {
            TAUGHT * ((1.0 + f32::from(*taken)) / (1.0 + f32::from(*refused))).ln()
        })
    }

    /// Counts once more; the name moves to the front, and the last one is forgotten when there are too many.
    pub(super) fn note(&mut self, key: &str, is_taken: bool) {
        let found = self.0.iter().position(|(known, ..)| known == key);
        let (_, mut taken, mut refused) = found.map_or((String::new(), 0, 0), |idx| self.0.remove(idx));
        let count = if is_taken { &mut taken } else { &mut refused };
        *count = count.saturating_add(1);
        self.0.insert(0, (key.to_owned(), taken, refused));
        self.0.truncate(MOST_TAUGHT);
    }

    /// A line a name: taken, refused, key. A key holds no line end.
    fn to_bytes(&self) -> Vec<u8> {
        let line = |(key, taken, refused): &(String, u16, u16)| format!("{taken} {refused} {key}\n");
        let mut bytes = self.0.iter().map(line).collect::<String>().into_bytes();
        bytes.resize(bytes.len().max(FILLED), b'\n');
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let line = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (taken, refused) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some((parts.next()?.to_owned(), taken, refused))
        };
        Self(text.lines().filter_map(line).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taught_is_kept_in_order_and_bounded() {
        let mut taught = Taught::default();
        for n in 0..MOST_TAUGHT + 3 {
            taught.note(&format!("name {n}"), n % 2 == 0);
        }
        taught.note("name 5", true);
        assert_eq!((taught.0.len(), taught.0[0].clone()), (MOST_TAUGHT, ("name 5".to_owned(), 1, 1)));
        assert_eq!(Taught::from_bytes(&taught.to_bytes()), taught);
        assert!(!taught.is_unwanted("name 5") && taught.is_unwanted("name 7"));
        assert!(taught.weight("name 6") > 0.0 && taught.weight("name 7") < 0.0 && taught.weight("x") == 0.0);
        assert_eq!(Taught::from_bytes(b"\xff nonsense"), Taught::default());
    }
}
