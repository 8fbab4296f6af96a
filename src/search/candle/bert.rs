//! The encoder itself: tensors in, rows out.

use candle_core::{
    CpuStorage, DType, Device, InplaceOp1, InplaceOp2, Layout, Tensor, safetensors::SliceSafetensors,
};

use crate::search::{
    candle::{
        Bytes, MAX_TOKENS, few, not_a_model,
        product::{Matrix, Way},
    },
    embed::EmbedError,
    kernels, vectors,
};

/// What `config.json` says.
pub struct Config {
    width: usize,
    heads: usize,
    layers: usize,
    inner: usize,
    words: usize,
    positions: usize,
    epsilon: f32,
}

impl Config {
    /// Reads and checks the sizes.
    pub fn parse(json: &[u8]) -> Result<Self, EmbedError> {
        let json: serde_json::Value =
            serde_json::from_slice(json).map_err(|_| not_a_model("the configuration cannot be read"))?;
        if json["model_type"] != "bert" || json["hidden_act"] != "gelu" {
            return Err(not_a_model("the architecture is not BERT"));
        }
        let number = |name: &str, largest: u64| {
            let value = json[name].as_u64().filter(|value| (1..=largest).contains(value));
            value
                .and_then(|value| usize::try_from(value).ok())
                .ok_or_else(|| not_a_model("the configuration is not whole"))
        };
        let config = Self {
            width: number("hidden_size", 4_096)?,
            heads: number("num_attention_heads", 64)?,
            layers: number("num_hidden_layers", 48)?,
            inner: number("intermediate_size", 16_384)?,
            words: number("vocab_size", 1_000_000)?,
            positions: number("max_position_embeddings", 65_536)?,
            epsilon: json["layer_norm_eps"].as_f64().unwrap_or(1e-12) as f32,
        };
        if !config.width.is_multiple_of(config.heads) || config.positions < MAX_TOKENS {
            return Err(not_a_model("the configuration is not whole"));
        }
        Ok(config)
    }

    /// Components of a vector.
    pub fn width(&self) -> usize {
        self.width
    }
}

/// The encoder.
pub struct Bert {
    config: Config,
    weights: Bytes,
    /// Where the table of words begins in `weights`, and how its numbers are stored.
    words_at: usize,
    words_half: bool,
    /// Position rows, to each of which the row of token type 0 is added.
    positions: Vec<f32>,
    first_norm: (Vec<f32>, Vec<f32>),
    layers: Vec<Layer>,
    /// How products are quicker here.
    pub(super) way: Way,
}

struct Layer {
    query_key_value: Matrix,
    query_key_value_bias: AddBias,
    attention: Matrix,
    attention_norm: AddNorm,
    inner: Matrix,
    inner_bias: AddBiasGelu,
    outer: Matrix,
    outer_norm: AddNorm,
}

impl Bert {
    /// Reads the weights.
    pub fn load(config: Config, weights: Bytes) -> Result<Self, EmbedError> {
        let (width, inner) = (config.width, config.inner);
        let bytes = (*weights).as_ref();
        let file =
            Reader(SliceSafetensors::new(bytes).map_err(|_| not_a_model("the weights cannot be read"))?);
        let (words, words_half) = file.part("embeddings.word_embeddings.weight", &[config.words, width])?;
        let words_at = words.as_ptr() as usize - bytes.as_ptr() as usize;
        let mut positions =
            file.floats("embeddings.position_embeddings.weight", &[config.positions, width])?;
        let types = file.floats("embeddings.token_type_embeddings.weight", &[2, width])?;
        positions.truncate(MAX_TOKENS * width);
        kernels::add_bias(&mut positions, &types[..width]);
        let first_norm = (
            file.floats("embeddings.LayerNorm.weight", &[width])?,
            file.floats("embeddings.LayerNorm.bias", &[width])?,
        );
        let layers = (0..config.layers)
            .map(|layer_idx| {
                let name = |part: &str| format!("encoder.layer.{layer_idx}.{part}");
                let mut query_key_value = Vec::with_capacity(3 * width * width);
                let mut bias = Vec::with_capacity(3 * width);
                for part in ["query", "key", "value"] {
                    let part = name(&format!("attention.self.{part}"));
                    query_key_value.extend(file.floats(&format!("{part}.weight"), &[width, width])?);
                    bias.extend(file.floats(&format!("{part}.bias"), &[width])?);
                }
                let norm = |part: &str| {
                    Ok::<_, EmbedError>(AddNorm {
                        bias: file.floats(&name(&format!("{part}.dense.bias")), &[width])?,
                        gamma: file.floats(&name(&format!("{part}.LayerNorm.weight")), &[width])?,
                        beta: file.floats(&name(&format!("{part}.LayerNorm.bias")), &[width])?,
                        epsilon: config.epsilon,
                    })
                };
                let read = |part: &str, rows: usize, columns: usize| {
                    matrix(file.floats(&name(part), &[rows, columns])?, rows, columns)
                };
                Ok(Layer {
                    query_key_value: matrix(query_key_value, 3 * width, width)?,
                    query_key_value_bias: AddBias(bias),
                    attention: read("attention.output.dense.weight", width, width)?,
                    attention_norm: norm("attention.output")?,
                    inner: read("intermediate.dense.weight", inner, width)?,
                    inner_bias: AddBiasGelu(file.floats(&name("intermediate.dense.bias"), &[inner])?),
                    outer: read("output.dense.weight", width, inner)?,
                    outer_norm: norm("output")?,
                })
            })
            .collect::<Result<Vec<_>, EmbedError>>()?;
        let way = layers.first().map(|layer| layer.attention.quicker());
        let way = way.unwrap_or(Ok(Way::Candle)).map_err(|_| not_a_model("it does not compute"))?;
        Ok(Self { config, weights, words_at, words_half, positions, first_norm, layers, way })
    }

    /// One vector of length one per sequence of tokens; `None` when a token is unknown or the computation fails.
    pub fn vectors(&self, sequences: &[Vec<u32>]) -> Option<Vec<Vec<f32>>> {
        let width = self.config.width;
        let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
        let n_tokens: usize = lengths.iter().sum();
        if n_tokens == 0 || lengths.contains(&0) {
            return None;
        }
        let rows = self.first_rows(sequences)?;
        let mut hidden = Tensor::from_vec(rows, (n_tokens, width), &Device::Cpu).ok()?;
        for layer in &self.layers {
            hidden = self.layer(layer, &hidden, &lengths).ok()?;
        }
        let rows = hidden.flatten_all().and_then(|rows| rows.to_vec1::<f32>()).ok()?;
        let mut rows = rows.chunks_exact(width);
        let vectors: Vec<Vec<f32>> = lengths
            .iter()
            .map(|length| {
                let mut mean = vec![0.0; width];
                for row in rows.by_ref().take(*length) {
                    kernels::add_bias(&mut mean, row);
                }
                vectors::normalise(&mut mean);
                mean
            })
            .collect();
        vectors.iter().flatten().all(|value| value.is_finite()).then_some(vectors)
    }

    /// Word, position and type rows, added and normalised.
    fn first_rows(&self, sequences: &[Vec<u32>]) -> Option<Vec<f32>> {
        let width = self.config.width;
        let row_bytes = width * if self.words_half { 2 } else { 4 };
        let table = &(*self.weights).as_ref()[self.words_at..];
        let mut rows = Vec::new();
        for sequence in sequences {
            for (position, token) in sequence.iter().enumerate() {
                let token = usize::try_from(*token).ok().filter(|token| *token < self.config.words)?;
                let first = rows.len();
                rows.extend(floats(table.get(token * row_bytes..(token + 1) * row_bytes)?, self.words_half));
                kernels::add_bias(
                    &mut rows[first..],
                    self.positions.get(position * width..(position + 1) * width)?,
                );
                kernels::norm(
                    &mut rows[first..],
                    &self.first_norm.0,
                    &self.first_norm.1,
                    self.config.epsilon,
                );
            }
        }
        Some(rows)
    }

    fn layer(&self, layer: &Layer, hidden: &Tensor, lengths: &[usize]) -> candle_core::Result<Tensor> {
        let projected = layer.query_key_value.times(hidden, self.way)?;
        projected.inplace_op1(&layer.query_key_value_bias)?;
        let mut first = 0;
        let mut contexts = Vec::with_capacity(lengths.len());
        for length in lengths {
            contexts.push(self.attention(&projected.narrow(0, first, *length)?)?);
            first += length;
        }
        let context = if contexts.len() == 1 { contexts.remove(0) } else { Tensor::cat(&contexts, 0)? };
        let attended = layer.attention.times(&context, self.way)?;
        attended.inplace_op2(hidden, &layer.attention_norm)?;
        let inner = layer.inner.times(&attended, self.way)?;
        inner.inplace_op1(&layer.inner_bias)?;
        let outer = layer.outer.times(&inner, self.way)?;
        outer.inplace_op2(&attended, &layer.outer_norm)?;
        Ok(outer)
    }

    /// Attention among the tokens of one sequence, all heads.
    fn attention(&self, projected: &Tensor) -> candle_core::Result<Tensor> {
        let (heads, width) = (self.config.heads, self.config.width);
        if let Some(context) = few::attention(projected, heads)? {
            return Ok(context);
        }
        let (length, per_head) = (projected.dim(0)?, width / heads);
        let parts = projected.reshape((length, 3, heads, per_head))?.permute((1, 2, 0, 3))?.contiguous()?;
        let (query, key, value) = (parts.get(0)?, parts.get(1)?, parts.get(2)?);
        let scores = query.matmul(&key.transpose(1, 2)?)?;
        scores.inplace_op1(&Softmax { width: length, scale: 1.0 / (per_head as f32).sqrt() })?;
        scores.matmul(&value)?.transpose(0, 1)?.reshape((length, width))
    }
}

fn matrix(weights: Vec<f32>, columns: usize, inner: usize) -> Result<Matrix, EmbedError> {
    Matrix::new(weights, columns, inner).map_err(|_| not_a_model("the weights do not fit together"))
}

/// Tensors by name, with their shapes checked.
struct Reader<'a>(SliceSafetensors<'a>);

impl Reader<'_> {
    /// The bytes of a tensor, and whether its numbers are in half precision.
    fn part(&self, name: &str, shape: &[usize]) -> Result<(&[u8], bool), EmbedError> {
        let view = self.0.get(name).map_err(|_| not_a_model("a part of the weights is missing"))?;
        let half = match DType::try_from(view.dtype()) {
            Ok(DType::F16) => true,
            Ok(DType::F32) => false,
            _ => return Err(not_a_model("the weights are neither f16 nor f32")),
        };
        if view.shape() != shape {
            return Err(not_a_model("the weights do not fit the configuration"));
        }
        Ok((view.data(), half))
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbedError> {
        let (bytes, half) = self.part(name, shape)?;
        Ok(floats(bytes, half).collect())
    }
}

fn floats(bytes: &[u8], half: bool) -> impl Iterator<Item = f32> + '_ {
    let size = if half { 2 } else { 4 };
    bytes.chunks_exact(size).map(move |number| match number {
        [low, high] => half::f16::from_le_bytes([*low, *high]).to_f32(),
        [a, b, c, d] => f32::from_le_bytes([*a, *b, *c, *d]),
        _ => f32::NAN,
    })
}

struct AddBias(Vec<f32>);
struct AddBiasGelu(Vec<f32>);
struct Softmax {
    width: usize,
    scale: f32,
}
struct AddNorm {
    bias: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    epsilon: f32,
}

/// The numbers of a tensor that was just computed, hence contiguous and alone in its storage.
fn values<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> candle_core::Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => candle_core::bail!("not a contiguous f32 tensor"),
    }
}

impl InplaceOp1 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        kernels::add_bias(values(storage, layout)?, &self.0);
        Ok(())
    }
}

impl InplaceOp1 for AddBiasGelu {
    fn name(&self) -> &'static str {
        "add-bias-gelu"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        kernels::add_bias_gelu(values(storage, layout)?, &self.0);
        Ok(())
    }
}

impl InplaceOp1 for Softmax {
    fn name(&self) -> &'static str {
        "scaled-softmax"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        kernels::softmax(values(storage, layout)?, self.width, self.scale);
        Ok(())
    }
}

impl InplaceOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &mut CpuStorage,
        layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> candle_core::Result<()> {
        let rows = values(storage, layout)?;
        match (residual, residual_layout.contiguous_offsets()) {
            (CpuStorage::F32(residual), Some((start, end))) if end - start == rows.len() => {
                kernels::add_norm(
                    rows,
                    &self.bias,
                    &residual[start..end],
                    &self.gamma,
                    &self.beta,
                    self.epsilon,
                );
                Ok(())
            }
            _ => candle_core::bail!("not a contiguous f32 tensor"),
        }
    }
}
