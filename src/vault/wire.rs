//! The byte form of the bodies of records: the postcard 1.x wire format, written by hand.
//!
//! No serde here, so that no library decides whether a journal opens (`format-v1.md` section 9). Unsigned integers
//! above one byte are LEB128 varints, signed ones zigzag varints; byte arrays stand raw; `Vec` and `String` carry
//! their length as a varint; `Option` is 0 or 1; a struct is its fields in order. Tests compare every struct with
//! the postcard crate.

use zeroize::Zeroizing;

/// Bytes that are not a body of the expected shape. Says nothing about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record has an unexpected shape")]
pub struct WireError;

/// A value with a byte form. `put` and `take` are each other's inverse.
pub(crate) trait Wire: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(input: &mut &[u8]) -> Result<Self, WireError>;
}

/// The whole body of one value. Wiped when dropped; the buffer is exact, so that growing leaves no copies behind.
pub(crate) fn to_body<T: Wire>(value: &T) -> Zeroizing<Vec<u8>> {
    let mut body = Vec::with_capacity(512);
    value.put(&mut body);
    Zeroizing::new(body)
}

/// Reads one value and demands that nothing follows it.
pub(crate) fn from_body<T: Wire>(mut body: &[u8]) -> Result<T, WireError> {
    let value = T::take(&mut body)?;
    if body.is_empty() { Ok(value) } else { Err(WireError) }
}

fn take_byte(input: &mut &[u8]) -> Result<u8, WireError> {
    let (byte, rest) = input.split_first().ok_or(WireError)?;
    *input = rest;
    Ok(*byte)
}

fn take_bytes<'i>(input: &mut &'i [u8], len: usize) -> Result<&'i [u8], WireError> {
    let (bytes, rest) = input.split_at_checked(len).ok_or(WireError)?;
    *input = rest;
    Ok(bytes)
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a varint of at most `bits` bits; longer forms and larger values are refused, as postcard does.
fn take_varint(input: &mut &[u8], bits: u32) -> Result<u64, WireError> {
    let mut value = 0u64;
    let mut shift = 0;
    while shift < bits {
        let byte = take_byte(input)?;
        let part = u64::from(byte & 0x7f);
        if bits - shift < 7 && part >> (bits - shift) != 0 {
            return Err(WireError);
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        shift += 7;
    }
    Err(WireError)
}

fn put_len(len: usize, out: &mut Vec<u8>) {
    put_varint(len as u64, out);
}

fn take_len(input: &mut &[u8]) -> Result<usize, WireError> {
    usize::try_from(take_varint(input, 64)?).map_err(|_| WireError)
}

impl Wire for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        take_byte(input)
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        match take_byte(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError),
        }
    }
}

macro_rules! unsigned {
    ($($int:ty),*) => {$(
        impl Wire for $int {
            fn put(&self, out: &mut Vec<u8>) {
                put_varint(u64::from(*self), out);
            }

            fn take(input: &mut &[u8]) -> Result<Self, WireError> {
                Self::try_from(take_varint(input, <$int>::BITS)?).map_err(|_| WireError)
            }
        }
    )*};
}
unsigned!(u16, u32, u64);

macro_rules! signed {
    ($($int:ty as $raw:ty),*) => {$(
        impl Wire for $int {
            fn put(&self, out: &mut Vec<u8>) {
                let zigzag = ((*self << 1) ^ (*self >> (<$int>::BITS - 1))) as $raw;
                put_varint(u64::from(zigzag), out);
            }

            fn take(input: &mut &[u8]) -> Result<Self, WireError> {
                let raw = <$raw>::take(input)?;
                Ok((raw >> 1) as $int ^ -((raw & 1) as $int))
            }
        }
    )*};
}
signed!(i16 as u16, i32 as u32, i64 as u64);

impl<const N: usize> Wire for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        take_bytes(input, N)?.try_into().map_err(|_| WireError)
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_len(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        let len = take_len(input)?;
        let bytes = take_bytes(input, len)?;
        Ok(std::str::from_utf8(bytes).map_err(|_| WireError)?.to_owned())
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_len(self.len(), out);
        for item in self {
            item.put(out);
        }
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        let len = take_len(input)?;
        // Every item takes at least one byte: a length beyond the rest would only waste memory.
        if len > input.len() {
            return Err(WireError);
        }
        (0..len).map(|_| T::take(input)).collect()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.put(out);
            }
        }
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        match take_byte(input)? {
            0 => Ok(None),
            1 => Ok(Some(T::take(input)?)),
            _ => Err(WireError),
        }
    }
}

/// Tagged additions to a struct (`format-v1.md` section 9, rule 4), sorted by tag.
pub(crate) type Ext = Vec<(u16, Vec<u8>)>;

impl Wire for (u16, Vec<u8>) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(input: &mut &[u8]) -> Result<Self, WireError> {
        Ok((u16::take(input)?, Vec::take(input)?))
    }
}

/// Declares a struct with a byte form: its fields in order.
macro_rules! wire_struct {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        #[cfg_attr(test, derive(Debug, serde::Serialize, serde::Deserialize))]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: $kind,)*
        }

        impl crate::vault::wire::Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(crate::vault::wire::Wire::put(&self.$field, out);)*
            }

            fn take(input: &mut &[u8]) -> Result<Self, crate::vault::wire::WireError> {
                Ok(Self { $($field: crate::vault::wire::Wire::take(input)?,)* })
            }
        }
    };
}
pub(crate) use wire_struct;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    wire_struct! {
        /// Every kind of field there is.
        Everything {
            a: bool, b: u8, c: u16, d: u32, e: u64, f: i16, g: i32, h: i64, i: [u8; 16], j: [u8; 32],
            k: String, l: Vec<u8>, m: Option<String>, n: Vec<Option<u32>>, o: Ext,
        }
    }

    prop_compose! {
        fn everything()(
            (a, b, c, d, e) in any::<(bool, u8, u16, u32, u64)>(),
            (f, g, h) in any::<(i16, i32, i64)>(),
            (i, j) in any::<([u8; 16], [u8; 32])>(),
            k in ".{0,40}",
            l in proptest::collection::vec(any::<u8>(), 0..300),
            m in proptest::option::of(".{0,9}"),
            n in any::<Vec<Option<u32>>>(),
            o in any::<Vec<(u16, Vec<u8>)>>(),
        ) -> Everything {
            Everything { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o }
        }
    }

    proptest! {
        #[test]
        fn bytes_are_those_of_postcard(value in everything()) {
            let body = to_body(&value);
            prop_assert_eq!(&body[..], &postcard::to_allocvec(&value).unwrap()[..]);
            prop_assert!(from_body::<Everything>(&body) == Ok(value.clone()));
            prop_assert!(postcard::from_bytes::<Everything>(&body).unwrap() == value);
        }

        #[test]
        fn any_bytes_are_judged_as_postcard_judges_them(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            fn same<T: Wire + PartialEq + serde::de::DeserializeOwned>(bytes: &[u8]) -> bool {
                let theirs = postcard::take_from_bytes::<T>(bytes).ok().filter(|(_, rest)| rest.is_empty());
                from_body::<T>(bytes).ok() == theirs.map(|(value, _)| value)
            }
            prop_assert!(same::<u16>(&bytes) && same::<u32>(&bytes) && same::<u64>(&bytes));
            prop_assert!(same::<i16>(&bytes) && same::<i32>(&bytes) && same::<i64>(&bytes));
            prop_assert!(same::<String>(&bytes) && same::<Vec<u8>>(&bytes) && same::<Vec<Option<u16>>>(&bytes));
            prop_assert!(same::<Everything>(&bytes));
        }

        #[test]
        fn a_body_cut_or_lengthened_is_refused(value in everything(), cut in 0usize..1000) {
            let mut body = to_body(&value).to_vec();
            let cut = cut % body.len();
            prop_assert!(from_body::<Everything>(&body[..cut]).is_err());
            body.push(0);
            prop_assert!(from_body::<Everything>(&body).is_err());
        }
    }
}
