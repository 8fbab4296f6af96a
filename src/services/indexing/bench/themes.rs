//! Vectors as a diary has them: around themes that come back.

use super::{DIMS, THEMES};
use crate::{search::vectors as codec, store::faults::Dice};

/// A seeded source of vectors around themes.
pub(super) struct Themes {
    dice: Dice,
    centres: Vec<Vec<f32>>,
}

impl Themes {
    pub(super) fn new() -> Self {
        let mut themes = Self { dice: Dice::new(2026), centres: Vec::new() };
        themes.centres = (0..THEMES).map(|_| themes.noise()).collect();
        themes
    }

    fn noise(&mut self) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..DIMS)
            .map(|_| {
                // Three numbers at a time, which add up to something like a bell.
                let bits = self.dice.below(1 << 48);
                (0..3).map(|nth| (bits >> (16 * nth) & 0xffff) as f32).sum::<f32>() - 98_302.5
            })
            .collect();
        codec::normalise(&mut vector);
        vector
    }

    pub(super) fn vector(&mut self, theme: usize) -> Vec<f32> {
        let mut vector = self.noise();
        vector.iter_mut().zip(&self.centres[theme]).for_each(|(value, centre)| *value += 0.9 * centre);
        codec::normalise(&mut vector);
        vector
    }

    /// Some themes come back much more often than others.
    pub(super) fn theme(&mut self) -> usize {
        let share = self.dice.below(1 << 20) as f64 / f64::from(1 << 20);
        (share * share * THEMES as f64) as usize
    }
}
