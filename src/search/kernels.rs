//! The steps of a transformer between its matrix products, over plain slices.
//!
//! Written so that the compiler can compute several lanes at once on any processor: no calls, no branches, no
//! dependence between neighbours. Candle's own versions call the C library once per number, which took a fifth of
//! the whole computation.

/// Adds a bias to each row.
pub fn add_bias(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
    }
}

/// Adds a bias to each row, then applies GELU, `x * (1 + erf(x / sqrt(2))) / 2`.
pub fn add_bias_gelu(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            let x = *value + bias;
            *value = 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// Scales each row of `width` numbers and turns it into shares that add up to one.
pub fn softmax(rows: &mut [f32], width: usize, scale: f32) {
    for row in rows.chunks_exact_mut(width) {
        let largest =
            row.iter().fold(f32::MIN, |largest, value| if *value > largest { *value } else { largest });
        row.iter_mut().for_each(|value| *value = exp((*value - largest) * scale));
        let sum: f32 = row.iter().sum();
        let share = 1.0 / sum;
        row.iter_mut().for_each(|value| *value *= share);
    }
}

/// Adds a bias and the residual to each row, then brings it to mean 0 and variance 1, times `gamma` plus `beta`.
pub fn add_norm(rows: &mut [f32], bias: &[f32], residual: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) {
    let width = bias.len();
    for (row, residual) in rows.chunks_exact_mut(width).zip(residual.chunks_exact(width)) {
        for ((value, bias), residual) in row.iter_mut().zip(bias).zip(residual) {
            *value += bias + residual;
        }
        norm(row, gamma, beta, epsilon);
    }
}

/// Layer normalisation of one row.
pub fn norm(row: &mut [f32], gamma: &[f32], beta: &[f32], epsilon: f32) {
    let width = row.len() as f32;
    let mean = row.iter().sum::<f32>() / width;
    let variance = row.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / width;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for ((value, gamma), beta) in row.iter_mut().zip(gamma).zip(beta) {
        *value = (*value - mean) * scale * gamma + beta;
    }
}

/// The error function: `x P(x^2) / Q(x^2)` on -4 to 4, where it has reached one; wrong by at most 5e-7.
///
/// Coefficients: the single-precision approximation used by Eigen and XLA (`Eigen/src/SpecialFunctions`).
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut p = -2.726_142_3e-10;
    p = p * x2 + 2.770_681_4e-8;
    p = p * x2 - 2.101_024e-6;
    p = p * x2 - 5.692_506_4e-5;
    p = p * x2 - 7.349_906_3e-4;
    p = p * x2 - 2.954_6e-3;
    p = p * x2 - 1.609_603_3e-2;
    let mut q = -1.456_607_2e-5;
    q = q * x2 - 2.133_740_6e-4;
    q = q * x2 - 1.682_827e-3;
    q = q * x2 - 7.373_329e-3;
    q = q * x2 - 1.426_474e-2;
    x * p / q
}

/// The exponential of numbers from -87 to 88 (others are taken as these), by powers of two and a polynomial of degree
/// 6; relative error 2e-7. Coefficients: Cephes `expf` (<https://netlib.org/cephes/>).
fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let rest = x - power * LN2_HIGH - power * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * rest + 1.398_2e-3;
    p = p * rest + 8.333_452e-3;
    p = p * rest + 4.166_579_6e-2;
    p = p * rest + 1.666_666_5e-1;
    p = p * rest + 5e-1;
    let fraction = p * rest * rest + rest + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    fraction * f32::from_bits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for step in -8_700..8_800 {
            let x = step as f32 / 100.0;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) / expected - 1.0).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn the_error_function_has_its_known_values() {
        // Abramowitz and Stegun, table 7.1.
        for (x, expected) in [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (3.0, 0.999_977_9),
        ] {
            assert!((erf(x) - expected).abs() < 1e-6, "{x}");
            assert!((erf(-x) + expected).abs() < 1e-6, "-{x}");
        }
        assert!((erf(9.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn softmax_gives_shares_also_for_large_numbers() {
        let mut rows = [1.0, 1.0, 1.0, 1.0, 500.0, 0.0, 0.0, 0.0];
        softmax(&mut rows, 4, 0.5);
        assert!(rows[..4].iter().all(|share| (share - 0.25).abs() < 1e-6));
        assert!((rows[4] - 1.0).abs() < 1e-6 && rows[5] < 1e-30);
    }

    #[test]
    fn normalised_rows_have_mean_zero_and_variance_one() {
        let mut rows = [1.0, 2.0, 3.0, 4.0];
        add_norm(&mut rows, &[1.0; 4], &[1.0, 0.0, 0.0, 1.0], &[1.0; 4], &[0.0; 4], 0.0);
        assert!(rows.iter().sum::<f32>().abs() < 1e-6);
        assert!((rows.iter().map(|value| value * value).sum::<f32>() / 4.0 - 1.0).abs() < 1e-5);
        let mut gelu = [0.0, 1.0, -1.0];
        add_bias_gelu(&mut gelu, &[0.0, 0.0, 0.0]);
        assert!((gelu[1] - 0.841_344_8).abs() < 1e-6 && (gelu[2] + 0.158_655_25).abs() < 1e-6);
        let mut biased = [1.0, 2.0];
        add_bias(&mut biased, &[1.0]);
        assert_eq!(biased, [2.0, 3.0]);
    }
}
