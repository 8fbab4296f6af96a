//! The sealed part of a keyring, field by field.

use zeroize::Zeroizing;

use crate::crypto::{
    SealError,
    keyring::{Extension, Generation, Keyring, WrapInfo},
    unlock::WrapKind,
    wire::{Fields, Layout, SUITE},
};

/// Room for extensions, their terminator included.
pub(super) const EXTENSIONS: usize = 2_048;

const VERSION: u16 = 1;
const ROTATE_AGAIN: u16 = 1;
const ACTIVE: u8 = 1;
const DRAINING: u8 = 2;

pub(super) fn extension_bytes(extensions: &[Extension]) -> usize {
    extensions.iter().map(|extension| 4 + extension.bytes.len()).sum::<usize>() + 2
}

impl Keyring {
    /// Writes a checked keyring into zeros.
    pub(super) fn write(&self, plain: &mut [u8]) {
        let mut layout = Layout::new(plain);
        layout
            .put(&VERSION.to_le_bytes())
            .put(&(if self.rotate_again { ROTATE_AGAIN } else { 0 }).to_le_bytes())
            .put(&self.rev.to_le_bytes())
            .put(&self.created.to_le_bytes())
            .put(&self.sess_gen.to_le_bytes())
            .put(&[self.generations.len() as u8, self.wraps.len() as u8])
            .put(&(self.name.len() as u16).to_le_bytes())
            .put(self.name.as_bytes())
            .seek(288);
        for (generation, state) in self.generations.iter().zip([ACTIVE, DRAINING]) {
            layout
                .put(&generation.number.to_le_bytes())
                .put(&u16::from(SUITE).to_le_bytes())
                .put(&[state, 0])
                .put(generation.key.expose())
                .put(&generation.created.to_le_bytes());
        }
        for (wrap_idx, wrap) in self.wraps.iter().enumerate() {
            layout
                .seek(384 + 96 * wrap_idx)
                .put(&[wrap.kind.number(), wrap.profile])
                .put(&(wrap.label.len() as u16).to_le_bytes())
                .skip(4)
                .put(&wrap.created.to_le_bytes())
                .put(&wrap.row)
                .put(wrap.label.as_bytes());
        }
        layout.seek(1_920);
        for extension in &self.extensions {
            layout
                .put(&extension.tag.to_le_bytes())
                .put(&(extension.bytes.len() as u16).to_le_bytes())
                .put(&extension.bytes);
        }
    }

    /// Reads what [`Keyring::write`] wrote; everything reserved must be zero.
    pub(super) fn read(plain: &[u8]) -> Result<Self, SealError> {
        let mut fields = Fields::new(plain);
        fields.exactly(&VERSION.to_le_bytes())?;
        let flags = fields.u16()?;
        if flags & !ROTATE_AGAIN != 0 {
            return Err(SealError::Damaged);
        }
        let (rev, created, sess_gen) = (fields.u64()?, fields.i64()?, fields.u64()?);
        let (n_generations, n_wraps, name_len) = (fields.u8()?, fields.u8()?, fields.u16()?);
        let name = Zeroizing::new(padded_text(&mut fields, 256, name_len)?);
        let mut generations = Vec::with_capacity(2);
        for (generation_idx, state) in [ACTIVE, DRAINING].into_iter().enumerate() {
            if generation_idx < usize::from(n_generations) {
                generations.push(read_generation(&mut fields, state)?);
            } else {
                fields.zeros(48)?;
            }
        }
        let mut wraps = Vec::with_capacity(16);
        for wrap_idx in 0..16 {
            if wrap_idx < n_wraps {
                wraps.push(read_wrap(&mut fields)?);
            } else {
                fields.zeros(96)?;
            }
        }
        if n_generations > 2 || n_wraps > 16 {
            return Err(SealError::Damaged);
        }
        let extensions = read_extensions(&mut fields)?;
        let rotate_again = flags & ROTATE_AGAIN != 0;
        Ok(Self { rev, created, sess_gen, rotate_again, name, generations, wraps, extensions })
    }
}

fn read_generation(fields: &mut Fields<'_>, state: u8) -> Result<Generation, SealError> {
    let number = fields.u32()?;
    fields.exactly(&[SUITE, 0, state, 0])?;
    Ok(Generation { number, key: fields.key()?, created: fields.i64()? })
}

fn read_wrap(fields: &mut Fields<'_>) -> Result<WrapInfo, SealError> {
    let kind = WrapKind::from_number(fields.u8()?).ok_or(SealError::Damaged)?;
    let (profile, label_len) = (fields.u8()?, fields.u16()?);
    fields.zeros(4)?;
    let (created, row) = (fields.i64()?, fields.array()?);
    Ok(WrapInfo { kind, profile, created, row, label: padded_text(fields, 48, label_len)? })
}

/// Text of a stated length in a place of `room` bytes, the rest of which is zero.
fn padded_text(fields: &mut Fields<'_>, room: usize, len: u16) -> Result<String, SealError> {
    let padding = room.checked_sub(usize::from(len)).ok_or(SealError::Damaged)?;
    let text =
        std::str::from_utf8(fields.bytes(usize::from(len))?).map_err(|_| SealError::Damaged)?.to_owned();
    fields.zeros(padding)?;
    Ok(text)
}

fn read_extensions(fields: &mut Fields<'_>) -> Result<Vec<Extension>, SealError> {
    let mut extensions = Vec::new();
    loop {
        let tag = fields.u16()?;
        if tag == 0 {
            let padding = fields.rest().len();
            fields.zeros(padding)?;
            return Ok(extensions);
        }
        let len = fields.u16()?;
        let bytes = Zeroizing::new(fields.bytes(usize::from(len))?.to_vec());
        extensions.push(Extension { tag, bytes });
    }
}
