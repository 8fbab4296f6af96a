//! Files for the browser, bundled by build.rs, under `/assets/{hash}/{path}`; immutable for that hash.

include!(concat!(env!("OUT_DIR"), "/bundle/table.rs"));

/// A file for the browser.
#[derive(Clone, Copy)]
pub struct Asset {
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Its media type.
    pub content_type: &'static str,
}

/// Address of the style sheet.
pub fn css_href() -> String {
    href("main.css")
}

/// Address of the script.
pub fn js_href() -> String {
    href("main.js")
}

/// What the address of every file begins with.
pub fn base() -> String {
    format!("/assets/{HASH}")
}

fn href(name: &str) -> String {
    format!("/assets/{HASH}/{name}")
}

/// The file of an address `/assets/{hash}/{path}`; `None` for another hash or an unknown path. Answers may be kept
/// for ever (`public, max-age=31536000, immutable`).
pub fn file(hash: &str, path: &str) -> Option<Asset> {
    (hash == HASH).then(|| named(path)).flatten()
}

/// A file whatever the hash, for `/favicon.svg`.
pub fn named(path: &str) -> Option<Asset> {
    FILES
        .iter()
        .find(|(name, _, _)| *name == path)
        .map(|&(_, content_type, bytes)| Asset { bytes, content_type })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_under_its_hash_and_no_other() {
        for name in
            ["main.js", "main.css", "favicon.svg", "app.webmanifest", "serif-latin.woff2", "licenses.txt"]
        {
            assert!(file(HASH, name).is_some_and(|asset| !asset.bytes.is_empty()), "{name}");
            assert!(file("0123456789abcdef", name).is_none(), "{name}");
        }
        assert!(file(HASH, "../main.js").is_none());
        assert_eq!(css_href(), format!("/assets/{HASH}/main.css"));
        assert_eq!(HASH.len(), 16);
    }

    #[test]
    fn the_bundle_names_no_path_of_the_build_machine_and_no_eval_of_ours() {
        let manifest = env!("CARGO_MANIFEST_DIR").as_bytes();
        for (name, _, bytes) in FILES {
            assert!(!bytes.windows(manifest.len()).any(|window| window == manifest), "{name}");
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains("sourceMappingURL"), "{name}");
            for storage in ["localStorage", "sessionStorage", "indexedDB"] {
                assert!(!text.contains(storage), "{name} uses {storage}");
            }
        }
    }
}
