#!/usr/bin/env python3
"""Checks the test vectors of this folder against OpenSSL and prints the digests that the tests of src/crypto expect.

Needs: pip install cryptography (OpenSSL >= 3.2). Run it from this folder.
"""
import hashlib
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


def siv_vectors():
    for line in open("aes-256-gcm-siv.txt"):
        if line.startswith("#"):
            continue
        kind, *fields = line.split()
        key, nonce, aad, plain, sealed = (bytes.fromhex("" if f == "-" else f) for f in fields)
        try:
            opened = AESGCMSIV(key).decrypt(nonce, sealed, aad)
        except InvalidTag:
            opened = None
        if kind == "invalid":
            assert opened is None, line
        else:
            assert opened == plain and AESGCMSIV(key).encrypt(nonce, plain, aad) == sealed, line


def stream(n, what, length):
    """Pseudo-random bytes that both sides make alike: SHA-256(what, case, block)."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(what + n.to_bytes(4, "little") + len(out).to_bytes(4, "little")).digest()
    return out[:length]


def differential(n_cases):
    seals, keys = hashlib.sha256(), hashlib.sha256()
    for n in range(n_cases):
        shape = stream(n, b"shape", 4)
        key, nonce = stream(n, b"key", 32), stream(n, b"nonce", 12)
        aad, plain = stream(n, b"aad", shape[0] % 80), stream(n, b"plain", shape[1] * 4 + shape[2] % 4)
        seals.update(AESGCMSIV(key).encrypt(nonce, plain, aad))
        keys.update(HKDFExpand(hashes.SHA256(), 1 + shape[3], aad).derive(key))
    print("seals", seals.hexdigest())
    print("keys ", keys.hexdigest())


def scrypt():
    for password, salt, log2n, p in [(b"password", b"NaCl", 10, 16), (b"pleaseletmein", b"SodiumChloride", 14, 1), (b"", b"", 4, 1)]:
        out = hashlib.scrypt(password, salt=salt, n=2**log2n, r=8, p=p, maxmem=2**28, dklen=32)
        print("scrypt", password.decode() or "-", log2n, p, out.hex())


def full_keyring():
    """A keyring in which every place is used to the last byte, laid out as section 6 of format-v1.md says."""
    uuid, vault, urk, nonce = bytes(range(16)), bytes(range(0xF1, 0xF8)), bytes(range(0x40, 0x60)), bytes(range(0xA0, 0xAC))
    plain = struct.pack("<HHQqQBBH", 1, 1, 2**64 - 1, 2**63 - 1, 2**64 - 2, 2, 16, 256) + b"n" * 256
    for number, state in (2, 1), (1, 2):
        plain += struct.pack("<IHBB", number, 1, state, 0) + bytes(range(number, number + 32)) + struct.pack("<q", -1)
    for wrap in range(16):
        kind = 1 + wrap % 4
        plain += struct.pack("<BBHIq", kind, 255 if kind in (1, 4) else 0, 48, 0, -(2**63)) + bytes([wrap]) * 32 + b"L" * 48
    plain += struct.pack("<HH", 9, 2000) + b"\1" * 2000 + struct.pack("<HH", 0xFFFF, 38) + b"\2" * 38 + struct.pack("<H", 0)
    assert len(plain) == 3968
    aad = b"LLM1" + bytes([2, 1, 0, 0]) + vault + bytes(1) + uuid
    key = HKDFExpand(hashes.SHA256(), 32, b"llm1/keyring").derive(urk)
    print("full keyring", hashlib.sha256(aad + nonce + AESGCMSIV(key).encrypt(nonce, plain, aad)).hexdigest())


siv_vectors()
differential(20_000)
scrypt()
full_keyring()
