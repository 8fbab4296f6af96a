//! Products of a few or many rows with a matrix of weights.
//!
//! The weights stand in panels of [`PANEL`] columns, each row of a panel after the other, so that a product reads them
//! from front to back. A matrix whose rows are as long as it is wide leads from one page of memory to the next with every
//! step, which for a query, whose rows are few, takes longer than the computing. While a panel is near, the rows are
//! taken [`TILE`] at a time: their sums stay in registers.

use std::time::{Duration, Instant};

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Shape, Tensor};
use pulp::{Simd, WithSimd};

use crate::search::codes::vectorised;

/// Columns of a panel: two registers of the widest kind that most processors have.
const PANEL: usize = 16;
/// Rows whose sums are kept in registers together.
const TILE: usize = 6;

/// How products are computed. Both give the same but for rounding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By the loop of this module.
    Loop,
    /// By candle's products, a panel at a time.
    Candle,
}

/// A matrix of weights.
pub struct Matrix {
    /// Panels, their rows, their columns; the last is filled up with zeros.
    panels: Tensor,
    inner: usize,
    columns: usize,
}

impl Matrix {
    /// From the weights of each column, `inner` of them, column after column: so they stand in files.
    ///
    /// # Errors
    /// When they are not as many as that.
    pub fn new(mut weights: Vec<f32>, columns: usize, inner: usize) -> candle_core::Result<Self> {
        if weights.len() != columns * inner {
            candle_core::bail!("{} weights for {columns} columns of {inner}", weights.len())
        }
        let n_panels = columns.div_ceil(PANEL);
        weights.resize(n_panels * PANEL * inner, 0.0);
        let panels = Tensor::from_vec(weights, (n_panels, PANEL, inner), &Device::Cpu)?;
        Ok(Self { panels: panels.transpose(1, 2)?.contiguous()?, inner, columns })
    }

    /// The product of rows with this matrix.
    ///
    /// # Errors
    /// When the rows are not as long as the columns.
    pub fn times(&self, rows: &Tensor, way: Way) -> candle_core::Result<Tensor> {
        if way == Way::Loop {
            return rows.apply_op2_no_bwd(&self.panels, &Product { columns: self.columns });
        }
        let (n_panels, n_rows) = (self.panels.dim(0)?, rows.dim(0)?);
        let each = rows.unsqueeze(0)?.broadcast_as((n_panels, n_rows, self.inner))?.matmul(&self.panels)?;
        each.transpose(0, 1)?.reshape((n_rows, n_panels * PANEL))?.narrow(1, 0, self.columns)?.contiguous()
    }

    /// Which way is quicker on this machine, as this program was compiled: a loop that was compiled without optimisation,
    /// as in tests, is not. Takes about a millisecond.
    ///
    /// # Errors
    /// When a product fails.
    pub fn quicker(&self) -> candle_core::Result<Way> {
        let rows = Tensor::ones((TILE, self.inner), candle_core::DType::F32, &Device::Cpu)?;
        let time = |way: Way| {
            let mut best = Duration::MAX;
            for _ in 0..3 {
                let begun = Instant::now();
                self.times(&rows, way)?;
                best = best.min(begun.elapsed());
            }
            Ok::<_, candle_core::Error>(best)
        };
        Ok(if time(Way::Loop)? <= time(Way::Candle)? { Way::Loop } else { Way::Candle })
    }
}

struct Product {
    columns: usize,
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "panel-product"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        panels: &CpuStorage,
        panels_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (n_rows, inner) = rows_layout.shape().dims2()?;
        let (n_panels, panel_inner, panel) = panels_layout.shape().dims3()?;
        let (CpuStorage::F32(rows), Some((from, to)), CpuStorage::F32(panels), Some((first, end))) =
            (rows, rows_layout.contiguous_offsets(), panels, panels_layout.contiguous_offsets())
        else {
            candle_core::bail!("not contiguous f32 matrices")
        };
        if inner != panel_inner || inner == 0 || panel != PANEL || n_panels != self.columns.div_ceil(PANEL) {
            candle_core::bail!("rows of {inner} for columns of {panel_inner}")
        }
        let mut out = vec![0.0; n_rows * self.columns];
        vectorised(Loop {
            tiles: &tiled(&rows[from..to], inner),
            panels: &panels[first..end],
            inner,
            columns: self.columns,
            out: &mut out,
        });
        Ok((CpuStorage::F32(out), Shape::from((n_rows, self.columns))))
    }
}

/// The rows in tiles of [`TILE`], in each the first number of each row, then the second of each.
fn tiled(rows: &[f32], inner: usize) -> Vec<f32> {
    let mut tiles = Vec::with_capacity(rows.len());
    for tile in rows.chunks(TILE * inner) {
        for at in 0..inner {
            tiles.extend(tile.iter().skip(at).step_by(inner));
        }
    }
    tiles
}

struct Loop<'a> {
    tiles: &'a [f32],
    panels: &'a [f32],
    inner: usize,
    columns: usize,
    out: &'a mut [f32],
}

impl WithSimd for Loop<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match PANEL / S::F32_LANES {
            1 => self.run::<S, 1>(simd),
            2 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, PANEL>(simd),
        }
    }
}

impl Loop<'_> {
    /// `N` registers hold the columns of a panel.
    #[inline(always)]
    fn run<S: Simd, const N: usize>(self, simd: S) {
        let Self { tiles, panels, inner, columns, out } = self;
        for (number, panel) in panels.chunks_exact(PANEL * inner).enumerate() {
            let first = number * PANEL;
            let width = PANEL.min(columns - first);
            let mut rows = out.chunks_exact_mut(columns);
            let mut keep = |sums: &[[f32; PANEL]]| {
                for (sums, row) in sums.iter().zip(&mut rows) {
                    row[first..first + width].copy_from_slice(&sums[..width]);
                }
            };
            for tile in tiles.chunks(TILE * inner) {
                match tile.len() / inner {
                    1 => keep(&sums::<S, N, 1>(simd, tile, panel)),
                    2 => keep(&sums::<S, N, 2>(simd, tile, panel)),
                    3 => keep(&sums::<S, N, 3>(simd, tile, panel)),
                    4 => keep(&sums::<S, N, 4>(simd, tile, panel)),
                    5 => keep(&sums::<S, N, 5>(simd, tile, panel)),
                    _ => keep(&sums::<S, N, TILE>(simd, tile, panel)),
                }
            }
        }
    }
}

/// The products of `R` rows of a tile with the columns of a panel.
#[inline(always)]
fn sums<S: Simd, const N: usize, const R: usize>(simd: S, tile: &[f32], panel: &[f32]) -> [[f32; PANEL]; R] {
    let mut sums = [[simd.splat_f32s(0.0); N]; R];
    let (panel, _) = S::as_simd_f32s(panel);
    let ((panel, _), (tile, _)) = (panel.as_chunks::<N>(), tile.as_chunks::<R>());
    for (weights, values) in panel.iter().zip(tile) {
        for (sums, value) in sums.iter_mut().zip(values) {
            let value = simd.splat_f32s(*value);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = simd.mul_add_f32s(*weight, value, *sum);
            }
        }
    }
    let mut out = [[0.0; PANEL]; R];
    for (out, sums) in out.iter_mut().zip(&sums) {
        let (places, _) = S::as_mut_simd_f32s(out);
        places.copy_from_slice(sums);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|at| ((at * 7_919 + seed) % 1_013) as f32 / 1_013.0 - 0.5).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_product_is_that_of_the_definition(
            n_rows in 1usize..15,
            inner in 1usize..40,
            columns in 1usize..40,
            seed in 0usize..1_000,
        ) {
            let (values, weights) = (numbers(n_rows * inner, seed), numbers(columns * inner, seed + 7));
            let expected: Vec<f32> = values
                .chunks(inner)
                .flat_map(|row| {
                    weights.chunks(inner).map(|column| row.iter().zip(column).map(|(x, w)| x * w).sum())
                })
                .collect();
            let matrix = Matrix::new(weights, columns, inner).unwrap();
            let rows = Tensor::from_vec(values, (n_rows, inner), &Device::Cpu).unwrap();
            for way in [Way::Loop, Way::Candle] {
                let product = matrix.times(&rows, way).unwrap();
                prop_assert_eq!(product.dims(), [n_rows, columns]);
                let product = product.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let is_near = |(ours, theirs): (&f32, &f32)| (ours - theirs).abs() < 1e-4;
                prop_assert!(product.iter().zip(&expected).all(is_near), "{:?}", way);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert!(Matrix::new(numbers(11, 1), 3, 4).is_err());
        let matrix = Matrix::new(numbers(12, 1), 3, 4).unwrap();
        let rows = |inner: usize| Tensor::from_vec(numbers(2 * inner, 1), (2, inner), &Device::Cpu).unwrap();
        for way in [Way::Loop, Way::Candle] {
            assert!(matrix.times(&rows(5), way).is_err() && matrix.times(&rows(4), way).is_ok());
        }
        assert!(matrix.quicker().is_ok());
    }
}
