//! Putting in and taking out.

use half::f16;
use zeroize::Zeroizing;

use crate::{
    journal::ids::EntryId,
    search::{
        engine::{Home, Meta, OpenIndex, Part, Point, SegmentKey, WrongDims},
        segment::Segment,
        vectors,
    },
};

/// Dead chunks of the fresh part that nobody minds.
pub(super) const UNTIDY: usize = 1_024;

impl OpenIndex {
    /// Puts an entry's chunks in, in place of those it had. Vectors are brought to length one.
    ///
    /// # Errors
    /// [`WrongDims`]; the index is unchanged then.
    pub fn insert(&mut self, meta: Meta, points: &[Point<'_>]) -> Result<(), WrongDims> {
        if let Some(wrong) = points.iter().find(|point| point.vector.len() != self.dims) {
            return Err(WrongDims { found: wrong.vector.len(), expected: self.dims });
        }
        self.remove(meta.id);
        if self.fresh.n_dead > UNTIDY {
            self.tidy_fresh();
        }
        let fresh = &mut self.fresh;
        fresh.segment.push_row(meta);
        let mut unit = Zeroizing::new(vec![0.0; self.dims]);
        for point in points {
            unit.copy_from_slice(point.vector);
            vectors::normalise(&mut unit);
            for value in unit.iter_mut() {
                let stored = f16::from_f32(*value);
                fresh.exact.push(stored.to_bits());
                *value = stored.to_f32();
            }
            fresh.segment.push_chunk((point.start, point.end), &unit);
        }
        let home = Home { key: None, row_idx: fresh.segment.rows.len() - 1, revision: meta.revision };
        self.homes.insert(meta.id, home);
        self.n_chunks += points.len();
        Ok(())
    }

    /// Takes an entry out; says whether it was there. Its vectors are overwritten at once; how much else the index holds
    /// does not matter.
    pub fn remove(&mut self, id: EntryId) -> bool {
        let Some(home) = self.homes.remove(&id) else { return false };
        if let Some(part) = part_mut(&mut self.fresh, &mut self.segments, home.key) {
            self.n_chunks -= part.kill(home.row_idx);
        }
        true
    }

    /// Takes out every entry that `keep` refuses.
    pub fn retain(&mut self, keep: impl Fn(&Meta) -> bool) {
        let parts = self.segments.iter().chain([&self.fresh]);
        let live = parts.flat_map(|part| part.segment.rows.iter().filter(|row| !row.is_dead));
        let gone: Vec<EntryId> =
            live.map(|row| row.meta).filter(|meta| !keep(meta)).map(|meta| meta.id).collect();
        gone.into_iter().for_each(|id| {
            self.remove(id);
        });
    }

    /// Takes a segment in whose entries are in the index by other segments, listed in `gone`, or in its fresh part, or
    /// not at all; of them it becomes the home of those that `admits` accepts. An entry that the index knows in another
    /// revision, or not any more where it was, has changed since the segment was made, and is not found by it.
    pub fn admit(
        &mut self,
        key: SegmentKey,
        mut segment: Segment,
        gone: &[SegmentKey],
        admits: impl Fn(&Meta, Option<u32>) -> bool,
    ) -> Result<(), WrongDims> {
        if segment.dims != self.dims {
            return Err(WrongDims { found: segment.dims, expected: self.dims });
        }
        let mut part = Part::new(Some(key), Segment::new(self.dims));
        for row_idx in 0..segment.rows.len() {
            let (meta, n_chunks) = (segment.rows[row_idx].meta, segment.rows[row_idx].chunks.len());
            if !admits(&meta, self.revision(meta.id)) {
                segment.kill(row_idx);
                part.n_dead += n_chunks;
                continue;
            }
            self.remove(meta.id);
            self.homes.insert(meta.id, Home { key: Some(key), row_idx, revision: meta.revision });
            self.n_chunks += n_chunks;
        }
        part.segment = segment;
        self.release(gone);
        self.segments.push(part);
        self.tidy_fresh();
        Ok(())
    }

    /// Lets go of segments. What was found by them only is not found any more.
    pub fn release(&mut self, gone: &[SegmentKey]) {
        let is_gone = |key: Option<SegmentKey>| key.is_some_and(|key| gone.contains(&key));
        let n_chunks = &mut self.n_chunks;
        for part in self.segments.iter().filter(|part| is_gone(part.key)) {
            *n_chunks -= part.segment.n_chunks() - part.n_dead;
        }
        self.segments.retain(|part| !is_gone(part.key));
        self.homes.retain(|_, home| !is_gone(home.key));
    }

    /// Drops the dead rows of the fresh part once they are most of it.
    fn tidy_fresh(&mut self) {
        if self.fresh.n_dead * 2 < self.fresh.segment.n_chunks() {
            return;
        }
        let mut tidy = Part::new(None, Segment::new(self.dims));
        let Part { segment, exact, .. } = &self.fresh;
        for row in segment.rows.iter().filter(|row| !row.is_dead) {
            if let Some(home) = self.homes.get_mut(&row.meta.id) {
                home.row_idx = tidy.segment.rows.len();
            }
            tidy.segment.push_row(row.meta);
            for chunk in row.chunks.clone() {
                let stored = &exact[chunk * self.dims..(chunk + 1) * self.dims];
                let unit: Zeroizing<Vec<f32>> =
                    Zeroizing::new(stored.iter().map(|bits| f16::from_bits(*bits).to_f32()).collect());
                tidy.exact.extend_from_slice(stored);
                tidy.segment.push_chunk(segment.places[chunk], &unit);
            }
        }
        self.fresh = tidy;
    }
}

fn part_mut<'p>(
    fresh: &'p mut Part,
    segments: &'p mut [Part],
    key: Option<SegmentKey>,
) -> Option<&'p mut Part> {
    match key {
        None => Some(fresh),
        Some(_) => segments.iter_mut().find(|part| part.key == key),
    }
}
