//! Vectors as eight-bit codes, and how a query is compared with many of them.
//!
//! `codes * scale` is nearly the vector. Codes take a quarter of the room of the numbers, and a scan of them is limited
//! by how fast memory can be read.

use pulp::{Simd, WithSimd};
use zeroize::Zeroize;

use crate::search::cores::share_out;

/// Codes that one core scans in about a millisecond: fewer are not worth a second thread.
const SHARE: usize = 8 << 20;
/// Codes that a thread takes at once: so few that all end at about the same moment.
const PIECE: usize = 1 << 20;

/// A vector as bytes.
pub struct Coded {
    /// One byte per component, -127 to 127.
    pub codes: Vec<i8>,
    /// What a code is multiplied with.
    pub scale: f32,
    /// Distance between the vector and what the codes say.
    pub error: f32,
}

impl Coded {
    /// Codes a vector.
    pub fn new(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let codes: Vec<i8> = vector.iter().map(|value| (value / scale).round() as i8).collect();
        let error = vector
            .iter()
            .zip(&codes)
            .map(|(value, code)| (value - f32::from(*code) * scale).powi(2))
            .sum::<f32>()
            .sqrt();
        Self { codes, scale, error }
    }
}

impl Drop for Coded {
    fn drop(&mut self) {
        self.codes.zeroize();
    }
}

/// The inner products of `query` with each of the vectors of each of `parts`, in which they stand one after the other.
///
/// Many are shared out among the cores, as one core alone cannot read memory as fast as it could be read.
pub fn scan(parts: &[&[i8]], query: &[i8]) -> Vec<Vec<i32>> {
    scan_in_pieces(parts, query, PIECE, SHARE)
}

fn scan_in_pieces(parts: &[&[i8]], query: &[i8], piece: usize, share: usize) -> Vec<Vec<i32>> {
    let dims = query.len();
    if dims == 0 {
        return vec![Vec::new(); parts.len()];
    }
    let mut sums: Vec<Vec<i32>> = parts.iter().map(|codes| vec![0; codes.len() / dims]).collect();
    // Widened once here, and not once per vector.
    let query: Vec<i16> = query.iter().map(|code| i16::from(*code)).collect();
    let per_piece = (piece / dims).max(1);
    let in_pieces = parts
        .iter()
        .zip(&mut sums)
        .flat_map(|(codes, sums)| codes.chunks(per_piece * dims).zip(sums.chunks_mut(per_piece)));
    let n_shares = parts.iter().map(|codes| codes.len()).sum::<usize>() / share.max(1);
    share_out(in_pieces, n_shares, |(codes, sums)| vectorised(Scan { codes, query: &query, sums }));
    sums
}

/// The inner product of two vectors of codes.
pub fn dot(left: &[i8], right: &[i8]) -> i32 {
    vectorised(Dot { left, right })
}

struct Scan<'a> {
    codes: &'a [i8],
    query: &'a [i16],
    sums: &'a mut [i32],
}

impl WithSimd for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (vector, place) in self.codes.chunks_exact(self.query.len()).zip(self.sums) {
            let mut sum = 0;
            for (code, value) in vector.iter().zip(self.query) {
                sum += i32::from(*code) * i32::from(*value);
            }
            *place = sum;
        }
    }
}

struct Dot<'a> {
    left: &'a [i8],
    right: &'a [i8],
}

impl WithSimd for Dot<'_> {
    type Output = i32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> i32 {
        let mut sum = 0;
        for (left, right) in self.left.iter().zip(self.right) {
            sum += i32::from(*left) * i32::from(*right);
        }
        sum
    }
}

/// Runs it with the widest instructions of this processor. The program itself is compiled for the oldest one it runs on.
#[inline(always)]
pub(super) fn vectorised<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, work);
    }
    pulp::Arch::new().dispatch(work)
}

/// The inner products of `query` with each of `vectors` in single precision: what codes are compared with in figures.
#[cfg(test)]
pub(crate) fn scan_plain(vectors: &[f32], query: &[f32]) -> Vec<f32> {
    vectorised(PlainScan { vectors, query })
}

#[cfg(test)]
struct PlainScan<'a> {
    vectors: &'a [f32],
    query: &'a [f32],
}

#[cfg(test)]
impl WithSimd for PlainScan<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f32> {
        let mut scores = Vec::with_capacity(self.vectors.len() / self.query.len());
        for vector in self.vectors.chunks_exact(self.query.len()) {
            // Lanes of their own, because the compiler must not change the order of a sum.
            let mut sums = [0.0f32; 32];
            for (vector, query) in vector.chunks_exact(32).zip(self.query.chunks_exact(32)) {
                for ((sum, value), query) in sums.iter_mut().zip(vector).zip(query) {
                    *sum += value * query;
                }
            }
            scores.push(sums.iter().sum());
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_scan_gives_the_inner_products(
            query in proptest::collection::vec(-127i8..=127, 1..70),
            n in 0usize..9,
            seed in any::<u8>(),
            piece in 1usize..300,
        ) {
            let codes: Vec<i8> =
                (0..n * query.len()).map(|idx| ((idx * 37 + usize::from(seed)) % 255) as u8 as i8).collect();
            let expected: Vec<i32> = codes
                .chunks_exact(query.len())
                .map(|vector| vector.iter().zip(&query).map(|(l, r)| i32::from(*l) * i32::from(*r)).sum())
                .collect();
            let parts = [&codes[..], &[], &codes[..n / 2 * query.len()]];
            let all = [&expected[..], &[], &expected[..n / 2]];
            prop_assert_eq!(scan(&parts, &query), all);
            prop_assert_eq!(scan_in_pieces(&parts, &query, piece, 1), all);
            for (vector, expected) in codes.chunks_exact(query.len()).zip(expected) {
                prop_assert_eq!(dot(vector, &query), expected);
            }
        }

        #[test]
        fn codes_are_near_to_their_vector(vector in proptest::collection::vec(-1.0f32..1.0, 1..40)) {
            let coded = Coded::new(&vector);
            prop_assert!(coded.error <= coded.scale * (vector.len() as f32).sqrt() / 2.0 + 1e-6);
        }
    }

    #[test]
    fn a_vector_of_zeros_is_coded_as_zeros() {
        let coded = Coded::new(&[0.0; 3]);
        assert_eq!((coded.codes.as_slice(), coded.error), (&[0; 3][..], 0.0));
    }
}
