//! Vectors as numbers and as the bytes that are sealed.
//!
//! At rest a vector is its components in half precision (IEEE 754 binary16, little-endian, two bytes each): rounding
//! costs 2.6e-4 at most on this model, far below what ranking can see, and halves the space.
//!
//! # Security
//! A vector is as good as the text it stands for; treat it like plaintext.

use half::f16;

/// The bytes to seal for a vector: two per component.
pub fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect()
}

/// Reads what [`to_bytes`] made; `None` when the length is not `dims` components or one of them is not a number.
pub fn from_bytes(bytes: &[u8], dims: usize) -> Option<Vec<f32>> {
    if bytes.len() != dims.checked_mul(2)? {
        return None;
    }
    let vector: Vec<f32> = half_values(bytes).collect();
    vector.iter().all(|value| value.is_finite()).then_some(vector)
}

/// Components of a little-endian half-precision slice; an odd last byte is ignored.
pub(crate) fn half_values(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32())
}

/// Scales a vector to length one; one of zeros stays as it is.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

/// The inner product, which is the cosine for vectors of length one.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip_and_damage_is_refused() {
        let vector = [0.5, -0.25, 0.0, 1.0];
        let bytes = to_bytes(&vector);
        assert_eq!(bytes, [0x00, 0x38, 0x00, 0xb4, 0x00, 0x00, 0x00, 0x3c]);
        assert_eq!(from_bytes(&bytes, 4), Some(vector.to_vec()));
        assert_eq!(from_bytes(&bytes, 3), None);
        assert_eq!(from_bytes(&[0x00, 0x7e], 1), None, "not a number");
        assert_eq!(from_bytes(&[0x00, 0x7c], 1), None, "infinity");
    }

    #[test]
    fn normalised_vectors_have_length_one() {
        let mut vector = [3.0, 4.0];
        normalise(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        let mut nothing = [0.0, 0.0];
        normalise(&mut nothing);
        assert_eq!(nothing, [0.0, 0.0]);
    }
}
