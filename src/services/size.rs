//! How much something takes, in words.

/// Bytes for people, in powers of ten with one decimal.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let mut tenths = bytes / 100;
    let mut unit_idx = 0;
    while tenths >= 10_000 && unit_idx + 1 < UNITS.len() {
        tenths /= 1_000;
        unit_idx += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit_idx])
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_short() {
        assert_eq!(super::size(999), "999 bytes");
        assert_eq!(super::size(1_234), "1.2 kB");
        assert_eq!(super::size(1_250_000), "1.2 MB");
        assert_eq!(super::size(999_949), "999.9 kB");
    }
}
