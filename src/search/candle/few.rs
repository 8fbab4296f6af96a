//! Attention among few tokens, as those of a query are.
//!
//! As products of matrices it is a dozen small ones, and before each Candle reads `/proc/cpuinfo` to count the cores,
//! which takes longer than the product. For few tokens plain loops are quicker.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use crate::search::kernels;

/// Among more tokens products of matrices are quicker.
const FEW: usize = 24;

/// Attention among the tokens of one sequence: `projected` holds a row for each, its query, its key and its value, each
/// of all heads. `None` when they are many; then matrices are quicker.
///
/// # Errors
/// When the shapes do not fit.
pub fn attention(projected: &Tensor, heads: usize) -> candle_core::Result<Option<Tensor>> {
    if projected.dim(0)? > FEW || !projected.is_contiguous() {
        return Ok(None);
    }
    projected.apply_op1_no_bwd(&Attention { heads }).map(Some)
}

struct Attention {
    heads: usize,
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "few-attend"
    }

    fn cpu_fwd(&self, projected: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (length, columns) = layout.shape().dims2()?;
        let (width, per_head) = (columns / 3, columns / 3 / self.heads.max(1));
        let (CpuStorage::F32(projected), Some((from, to))) = (projected, layout.contiguous_offsets()) else {
            candle_core::bail!("not a contiguous f32 matrix")
        };
        if per_head == 0 || columns != 3 * self.heads * per_head {
            candle_core::bail!("{columns} columns for {} heads", self.heads)
        }
        let rows: Vec<&[f32]> = projected[from..to].chunks_exact(columns).collect();
        let mut context = vec![0.0; length * width];
        let mut shares = vec![0.0; length];
        for head in 0..self.heads {
            let part = |row: usize, of: usize| {
                let first = of * width + head * per_head;
                &rows[row][first..first + per_head]
            };
            for (row, context) in context.chunks_exact_mut(width).enumerate() {
                for (other, share) in shares.iter_mut().enumerate() {
                    *share = part(row, 0).iter().zip(part(other, 1)).map(|(query, key)| query * key).sum();
                }
                kernels::softmax(&mut shares, length, 1.0 / (per_head as f32).sqrt());
                let context = &mut context[head * per_head..(head + 1) * per_head];
                for (other, share) in shares.iter().enumerate() {
                    context.iter_mut().zip(part(other, 2)).for_each(|(sum, value)| *sum += share * value);
                }
            }
        }
        Ok((CpuStorage::F32(context), Shape::from((length, width))))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn matrix(rows: usize, columns: usize, seed: usize) -> Tensor {
        let value = |at: usize| ((at * 7_919 + seed) % 1_013) as f32 / 1_013.0 - 0.5;
        let values: Vec<f32> = (0..rows * columns).map(value).collect();
        Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap()
    }

    #[test]
    fn attention_is_that_of_the_definition() {
        let (length, heads, per_head) = (5, 3, 4);
        let projected = matrix(length, 3 * heads * per_head, 3);
        let ours = attention(&projected, heads).unwrap().expect("few").to_vec2::<f32>().unwrap();
        let rows = projected.to_vec2::<f32>().unwrap();
        let part = |row: usize, of: usize, head: usize| {
            let first = (of * heads + head) * per_head;
            rows[row][first..first + per_head].to_vec()
        };
        for (row, ours) in ours.iter().enumerate() {
            for head in 0..heads {
                let score = |other: usize| {
                    let products = part(row, 0, head).into_iter().zip(part(other, 1, head));
                    (products.map(|(query, key)| query * key).sum::<f32>() / (per_head as f32).sqrt()).exp()
                };
                let all: f32 = (0..length).map(score).sum();
                for at in 0..per_head {
                    let expected: f32 =
                        (0..length).map(|other| score(other) / all * part(other, 2, head)[at]).sum();
                    assert!((ours[head * per_head + at] - expected).abs() < 1e-5);
                }
            }
        }
        assert!(attention(&matrix(FEW + 1, 12, 1), 1).unwrap().is_none());
        assert!(attention(&matrix(2, 13, 1), 2).is_err());
    }
}
