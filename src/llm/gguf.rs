//! Looks through a GGUF file before C++ sees it. Pure Rust, no trust in any number of the file.
//!
//! llama.cpp refuses most bad files, but some make it abort the process, which would take the journal with it. This
//! check refuses those, and says what is wrong in words. It reads the header only, never the weights; that the weights
//! are the right ones, only the checksum tells.
//!
//! Source of the format: the GGUF specification in ggml's `docs/gguf.md`, version 3. Numbers are little-endian: magic
//! `GGUF`, u32 version, u64 tensors, u64 keys; per key a string, a u32 type and a value; per tensor a string, u32
//! number of dimensions, u64 each, u32 type, u64 offset; then, aligned, the data. A string is a u64 length and bytes.

use std::collections::{HashMap, HashSet};

use crate::llm::LlmError;

mod model;
#[cfg(any(test, feature = "test-hooks"))]
pub mod sample;
#[cfg(test)]
mod tests;

/// What the check found out about a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// `general.name`, or empty.
    pub name: String,
    /// `general.architecture`.
    pub architecture: String,
    /// Context length it was trained on, in tokens.
    pub context: u32,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of tokens in its vocabulary.
    pub vocabulary: usize,
}

const MAX_KEYS: u64 = 16_384;
const MAX_TENSORS: u64 = 65_536;
const MAX_KEY_LEN: u64 = 512;
const MAX_STRING: u64 = 4 << 20;
const MAX_ARRAY: u64 = 4 << 20;
/// ggml keeps tensor names in 64 bytes with a final NUL (`GGML_MAX_NAME`).
const MAX_TENSOR_NAME: u64 = 63;
/// Data must start and stay on this for a map to be used (`TENSOR_ALIGNMENT` of ggml's processor backend).
const MIN_ALIGNMENT: u64 = 32;
const MAX_ALIGNMENT: u64 = 65_536;

/// Checks the bytes of a model, from its first to its last.
///
/// # Errors
/// [`LlmError::Truncated`] when a count or length points behind the end, [`LlmError::NotAModel`] for everything else.
pub fn check(bytes: &[u8]) -> Result<Summary, LlmError> {
    if !bytes.starts_with(b"GGUF") {
        let zip_or_text = "it is not in GGUF format";
        return Err(LlmError::NotAModel { reason: zip_or_text });
    }
    let mut reader = Reader { all: bytes, at: 4 };
    match reader.u32()? {
        2 | 3 => {}
        1 => return refuse("its GGUF version 1 is no longer supported"),
        _ => return refuse("its GGUF version is unknown"),
    }
    let tensors = reader.u64()?;
    let keys = reader.u64()?;
    if tensors == 0 || tensors > MAX_TENSORS || keys == 0 || keys > MAX_KEYS {
        return refuse("it claims an impossible number of tensors or keys");
    }

    let mut values: HashMap<&str, Value<'_>> = HashMap::new();
    for _ in 0..keys {
        let key = reader.string(MAX_KEY_LEN)?;
        let Ok(key) = std::str::from_utf8(key) else { return refuse("one of its keys is not text") };
        let value = reader.value()?;
        if key.is_empty() || values.insert(key, value).is_some() {
            return refuse("a key is empty or comes twice");
        }
    }
    let alignment = match values.get("general.alignment") {
        None => MIN_ALIGNMENT,
        Some(Value::Unsigned(alignment)) => *alignment,
        Some(_) => return refuse("its alignment is not a number"),
    };
    if !alignment.is_power_of_two() || !(MIN_ALIGNMENT..=MAX_ALIGNMENT).contains(&alignment) {
        return refuse("its alignment is impossible");
    }
    check_tensors(&mut reader, tensors, alignment)?;
    model::check(&values, tensors as usize)
}

/// Every tensor has a name of its own, a known type, whole blocks, and its place in the data right after the last.
fn check_tensors(reader: &mut Reader<'_>, tensors: u64, alignment: u64) -> Result<(), LlmError> {
    let mut names = HashSet::new();
    let mut end = 0_u64;
    let mut last = 0_u64;
    for _ in 0..tensors {
        let name = reader.string(MAX_TENSOR_NAME)?;
        if name.is_empty() || name.contains(&0) || !names.insert(name) {
            return refuse("a tensor's name is missing or comes twice");
        }
        let dimensions = reader.u32()?;
        if !(1..=4).contains(&dimensions) {
            return refuse("a tensor has an impossible number of dimensions");
        }
        let row = reader.u64()?;
        let mut elements = row;
        for _ in 1..dimensions {
            elements =
                elements.checked_mul(reader.u64()?).ok_or(LlmError::NotAModel { reason: TENSOR_SIZE })?;
        }
        let Some((block, block_bytes)) = block(reader.u32()?) else {
            return refuse("a tensor's type is unknown");
        };
        if elements == 0 || elements > i64::MAX as u64 || !row.is_multiple_of(block) {
            return refuse(TENSOR_SIZE);
        }
        let bytes =
            (elements / block).checked_mul(block_bytes).ok_or(LlmError::NotAModel { reason: TENSOR_SIZE })?;
        if reader.u64()? != end {
            return refuse("a tensor does not stand where it should");
        }
        last = end.checked_add(bytes).ok_or(LlmError::NotAModel { reason: TENSOR_SIZE })?;
        end = last.checked_next_multiple_of(alignment).ok_or(LlmError::NotAModel { reason: TENSOR_SIZE })?;
    }
    let data = (reader.at as u64).next_multiple_of(alignment);
    match data.checked_add(last) {
        Some(needed) if needed <= reader.all.len() as u64 => Ok(()),
        _ => Err(LlmError::Truncated),
    }
}

const TENSOR_SIZE: &str = "a tensor has an impossible size";

fn refuse<T>(reason: &'static str) -> Result<T, LlmError> {
    Err(LlmError::NotAModel { reason })
}

/// Elements and bytes of one block of a tensor type, by its number in the file; `None` for types nobody reads.
///
/// Source: `enum ggml_type` and the block structs of ggml; a test compares them with the compiled library.
pub(crate) fn block(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),       // F32
        1 | 30 => (1, 2),  // F16, BF16
        2 => (32, 18),     // Q4_0
        3 => (32, 20),     // Q4_1
        6 => (32, 22),     // Q5_0
        7 => (32, 24),     // Q5_1
        8 => (32, 34),     // Q8_0
        10 => (256, 84),   // Q2_K
        11 => (256, 110),  // Q3_K
        12 => (256, 144),  // Q4_K
        13 => (256, 176),  // Q5_K
        14 => (256, 210),  // Q6_K
        16 => (256, 66),   // IQ2_XXS
        17 => (256, 74),   // IQ2_XS
        18 => (256, 98),   // IQ3_XXS
        19 => (256, 50),   // IQ1_S
        20 => (32, 18),    // IQ4_NL
        21 => (256, 110),  // IQ3_S
        22 => (256, 82),   // IQ2_S
        23 => (256, 136),  // IQ4_XS
        24 => (1, 1),      // I8
        25 => (1, 2),      // I16
        26 => (1, 4),      // I32
        27 | 28 => (1, 8), // I64, F64
        29 => (256, 56),   // IQ1_M
        34 => (256, 54),   // TQ1_0
        35 => (256, 66),   // TQ2_0
        39 => (32, 17),    // MXFP4
        _ => return None,
    })
}

/// A value of a key. Numbers keep their kind, because llama.cpp refuses a key of another kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(&'a [u8]),
    Texts(Vec<&'a [u8]>),
    /// An array of numbers, as bytes, with its element type.
    Numbers(u32, &'a [u8]),
}

struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], LlmError> {
        let len = usize::try_from(len).map_err(|_| LlmError::Truncated)?;
        let end = self.at.checked_add(len).ok_or(LlmError::Truncated)?;
        let bytes = self.all.get(self.at..end).ok_or(LlmError::Truncated)?;
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LlmError> {
        self.take(N as u64)?.try_into().map_err(|_| LlmError::Truncated)
    }

    fn u32(&mut self) -> Result<u32, LlmError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, LlmError> {
        self.array().map(u64::from_le_bytes)
    }

    fn string(&mut self, longest: u64) -> Result<&'a [u8], LlmError> {
        let len = self.u64()?;
        if len > longest {
            return refuse("a text in it is impossibly long");
        }
        self.take(len)
    }

    fn value(&mut self) -> Result<Value<'a>, LlmError> {
        let kind = self.u32()?;
        Ok(match kind {
            0 => Value::Unsigned(u64::from(self.array::<1>()?[0])),
            1 => Value::Signed(i64::from(i8::from_le_bytes(self.array()?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.array()?))),
            3 => Value::Signed(i64::from(i16::from_le_bytes(self.array()?))),
            4 => Value::Unsigned(u64::from(self.u32()?)),
            5 => Value::Signed(i64::from(i32::from_le_bytes(self.array()?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.array()?))),
            7 => Value::Bool(self.array::<1>()?[0] != 0),
            8 => Value::Text(self.string(MAX_STRING)?),
            9 => return self.list(),
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => return refuse("a key has a value of unknown type"),
        })
    }

    fn list(&mut self) -> Result<Value<'a>, LlmError> {
        let kind = self.u32()?;
        let count = self.u64()?;
        if count > MAX_ARRAY {
            return refuse("a list in it is impossibly long");
        }
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => {
                // A string takes at least its length field, so a false count ends here and not in memory.
                if count.saturating_mul(8) > (self.all.len() - self.at) as u64 {
                    return Err(LlmError::Truncated);
                }
                return (0..count)
                    .map(|_| self.string(MAX_STRING))
                    .collect::<Result<_, _>>()
                    .map(Value::Texts);
            }
            _ => return refuse("a list in it has an unknown type"),
        };
        Ok(Value::Numbers(kind, self.take(count * width)?))
    }
}
