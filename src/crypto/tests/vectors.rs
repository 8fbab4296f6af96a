//! Published test vectors and a comparison with OpenSSL, all through our own wrappers. `tests/golden/check-vectors.py`
//! checks the vectors and prints the two digests.

use zeroize::Zeroizing;

use crate::crypto::{
    SealError,
    aead::{self, Nonce},
    hash::{sha256, sha256_of},
    kdf,
    secret::Key,
    tests::fixtures::{hex, unhex},
};

fn key_of(bytes: &[u8]) -> Key {
    Key::from_bytes(Zeroizing::new(bytes.try_into().unwrap()))
}

fn seal(key: &[u8], nonce: &[u8], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = Nonce::fixed(nonce.try_into().unwrap());
    aead::seal_with(&key_of(key), nonce, aad, plain.len(), |text| text.copy_from_slice(plain))
}

// proves: SR-57
#[test]
fn rfc_8452_and_wycheproof_vectors_of_aes_256_gcm_siv() {
    let mut counts = [0; 4];
    let vectors = include_str!("../../../tests/golden/aes-256-gcm-siv.txt");
    for line in vectors.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let kind = words.next().unwrap();
        let fields: Vec<_> = words.map(|word| unhex(word.trim_start_matches('-'))).collect();
        let [key, nonce, aad, plain, sealed] = fields.as_slice() else { panic!("{line}") };
        let stored = [nonce.as_slice(), sealed].concat();
        let opened = aead::open(&key_of(key), aad, &stored);
        if kind == "invalid" {
            assert_eq!(opened.map(|_| ()), Err(SealError::Open), "{line}");
        } else {
            assert_eq!(opened.unwrap().as_slice(), plain, "{line}");
            assert_eq!(seal(key, nonce, aad, plain), stored, "{line}");
        }
        counts[["rfc", "wrap", "valid", "invalid"].iter().position(|known| *known == kind).unwrap()] += 1;
    }
    assert_eq!(counts, [24, 2, 45, 35], "C.2, C.3, Wycheproof");
}

/// Pseudo-random bytes, made alike on both sides: SHA-256(what, case, offset).
fn stream(case_idx: u32, what: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while out.len() < len {
        let offset = u32::try_from(out.len()).unwrap();
        out.extend(sha256_of(&[what, &case_idx.to_le_bytes(), &offset.to_le_bytes()]));
    }
    out.truncate(len);
    out
}

// proves: SR-57 (20,000 against OpenSSL)
#[test]
fn twenty_thousand_random_seals_and_keys_are_those_of_openssl() {
    let (mut seals, mut keys) = (Vec::new(), Vec::new());
    for case_idx in 0..20_000 {
        let shape = stream(case_idx, b"shape", 4);
        let (key, nonce) = (stream(case_idx, b"key", 32), stream(case_idx, b"nonce", 12));
        let aad = stream(case_idx, b"aad", usize::from(shape[0] % 80));
        let plain = stream(case_idx, b"plain", usize::from(shape[1]) * 4 + usize::from(shape[2] % 4));
        seals.extend_from_slice(&seal(&key, &nonce, &aad, &plain)[12..]);
        let mut expanded = vec![0; 1 + usize::from(shape[3])];
        kdf::expand_into(&key, &aad, &mut expanded);
        keys.extend(expanded);
    }
    assert_eq!(hex(sha256(&seals)), "8ffae2e387339df5665c198fd0b873d5a3d03fb3b6670e87858aeca3d32a68a7");
    assert_eq!(hex(sha256(&keys)), "94df208d1e429851271022d3bbe5564dbbcf64881bdfefc2039e2593b9561162");
}

// proves: SR-57
/// RFC 7914 section 12 where r = 8 (vectors 2 and 3; the fourth takes a gibibyte), and N = 16 from OpenSSL. Our output
/// is 32 bytes: the first half of the RFC's 64.
#[test]
fn rfc_7914_vectors_of_scrypt() {
    for (password, salt, log2n, p, expected) in [
        ("password", "NaCl", 10, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"),
        (
            "pleaseletmein",
            "SodiumChloride",
            14,
            1,
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2",
        ),
        ("", "", 4, 1, "e2b1883717d879f495cb7d86aa1eb8697e724978e8fc819881b007fbba2cf86b"),
    ] {
        let output = kdf::scrypt(password.as_bytes(), salt.as_bytes(), log2n, p).unwrap();
        assert_eq!(hex(output.as_slice()), expected);
    }
}

// proves: SR-57
#[test]
fn rfc_5869_vectors_of_hkdf() {
    let range = |first: u8, last: u8| (first..=last).collect::<Vec<u8>>();
    let cases = [
        (
            vec![0x0b; 22],
            range(0x00, 0x0c),
            range(0xf0, 0xf9),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            range(0x00, 0x4f),
            range(0x60, 0xaf),
            range(0xb0, 0xff),
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09\
             da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            vec![],
            vec![],
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (ikm, salt, info, prk, okm) in cases {
        let extracted = kdf::extract(&salt, &ikm);
        assert_eq!(hex(extracted.expose()), prk);
        let mut output = vec![0; okm.len() / 2];
        kdf::expand_into(extracted.expose(), &info, &mut output);
        assert_eq!(hex(&output), okm);
    }
}

#[test]
fn expand_to_one_key_is_one_mac() {
    let key = crate::crypto::tests::fixtures::key(0x11);
    let mac = kdf::mac(key.expose(), &[b"llm1/record", &[1]]);
    assert_eq!(kdf::expand(&key, "llm1/record").expose(), &*mac);
}

#[test]
fn sha256_of_abc() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(sha256(b"abc")), expected);
    assert_eq!(hex(sha256_of(&[b"a", b"", b"bc"])), expected);
}
