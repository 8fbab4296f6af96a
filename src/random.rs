//! Random bytes from the operating system: the only source of keys, nonces and identifiers.

/// Fills `bytes` with random bytes.
///
/// On Linux the kernel is asked directly. The `getrandom` crate looks the call up by name at run time, which a fully
/// static program cannot do, and falls back to `/dev/urandom`, which an empty chroot does not have.
///
/// # Panics
/// When the system has none: a process without randomness must not go on sealing.
pub fn fill(bytes: &mut [u8]) {
    #[cfg(target_os = "linux")]
    {
        use rustix::{
            io::Errno,
            rand::{GetRandomFlags, getrandom},
        };
        let mut filled = 0;
        while filled < bytes.len() {
            match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                // A kernel before 3.17, or a filter that forbids the call: the crate below reads the device.
                Err(_) => break,
            }
        }
        if filled == bytes.len() {
            return;
        }
    }
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// An array of random bytes.
///
/// # Panics
/// As [`fill`].
pub fn array<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_filled_to_the_end_and_differ() {
        let mut long = vec![0; 100_000];
        fill(&mut long);
        assert!(long.chunks(32).all(|chunk| chunk.iter().any(|&byte| byte != 0)));
        assert_ne!(array::<32>(), array::<32>());
    }
}
