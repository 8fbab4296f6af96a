#!/usr/bin/env python3
"""Opens a Llamora backup and prints its entries as JSON, from the written format alone (format version 1).

    llamora_archive.py BACKUP --name NAME        the password is the first line of standard input
    llamora_archive.py BACKUP --recovery-code    the recovery code is the first line of standard input

It shares no code with the program. Needs Python 3.8 and `cryptography` (for AES-256-GCM-SIV); the rest is in Python.
"""
import argparse, datetime, hashlib, hmac, json, struct, sys, unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


# --- keys: sections 0, 3, 4 ---------------------------------------------------------------------------------------
def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key, label):
    return mac(key, label.encode() + b"\x01")


def unseal(key, aad, sealed):
    return AESGCMSIV(key).decrypt(sealed[:12], sealed[12:], aad)


def canonical_name(text):
    text = unicodedata.normalize("NFKC", text).strip(" \t\n\v\f\r")
    lower = "".join(c.lower() if ord(c) < 0x590 else c for c in text).replace("\u03c2", "\u03c3")
    return unicodedata.normalize("NFKC", lower).encode()


def recovery_secret(text):
    code = unicodedata.normalize("NFKC", text).upper().translate({ord("O"): "0", ord("I"): "1", ord("L"): "1"})
    code = [c for c in code if not (c.isspace() or c in "-\u2212" or "\u2010" <= c <= "\u2015")]
    if len(code) != 28 or any(c not in ALPHABET for c in code):
        raise SystemExit("a recovery code has seven groups of four symbols")  # the last two only catch slips
    return "".join(code[:26]).encode()


def stretch(password, name, log2n, r, p, salt):
    password = unicodedata.normalize("NFKC", password).encode()
    salt = hashlib.sha256(b"llm1/salt" + salt + canonical_name(name)).digest()
    return hashlib.scrypt(password, salt=salt, n=1 << log2n, r=r, p=p, dklen=32, maxmem=2**31 - 2)


def ways_in(header, args, secret):
    """(row, key) for every live profile."""
    profiles = [None] if args.recovery_code else header["profiles"]
    for profile in profiles:
        kind, known = (1, stretch(secret, args.name, *profile)) if profile else (2, recovery_secret(secret))
        prk = mac(b"llm1/unlock" + bytes([kind]) + header["uuid"], known)
        yield expand(prk, "llm1/wrap/row"), expand(prk, "llm1/wrap/kek")


# --- the archive: sections 2, 15 ----------------------------------------------------------------------------------
def read_archive(data):
    if data[:8] != b"LLMARC01" or hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise SystemExit("this is no archive, or it is damaged")
    small, records, at = {}, {}, 8
    while data[at]:
        table, key_len, value_len = struct.unpack_from("<cHI", data, at)
        key = data[at + 7 : at + 7 + key_len]
        at += 7 + key_len + value_len
        (small if table == b"a" else records)[key] = data[at - value_len : at]
    (rows,) = struct.unpack_from("<Q", data, at + 1)
    if rows != len(small) + len(records) or at + 9 + 32 != len(data):
        raise SystemExit("the archive has another number of rows than it says")
    return small, records


def read_header(row):
    magic, version, min_reader, _, n_profiles = struct.unpack_from("<8sHHHB", row)
    if magic != b"LLAMORA1" or hashlib.sha256(row[:160]).digest() != row[160:]:
        raise SystemExit("the header is damaged")
    if version != 1 or min_reader > 1:
        raise SystemExit("this needs a decryptor of a newer format")
    slots = [row[32 + 40 * i : 72 + 40 * i] for i in range(n_profiles)]
    return {"uuid": row[16:32], "profiles": [(s[1], s[2], s[3], s[8:40]) for s in slots]}


# --- the vault: sections 5, 6, 7, 10 ------------------------------------------------------------------------------
def open_vault(small, header, args, secret):
    for row, kek in ways_in(header, args, secret):
        if b"W" + row not in small:
            continue
        wrap = small[b"W" + row]
        urk, vault = unseal(kek, wrap[:40], wrap[72:]), wrap[12:19]
        ring = small[b"K" + vault]
        plain = unseal(expand(urk, "llm1/keyring"), ring[:32], ring[32:])
        if row not in [plain[400 + 96 * i : 432 + 96 * i] for i in range(plain[29])]:
            raise SystemExit("this password was replaced")
        slots = [plain[288 + 48 * i : 336 + 48 * i] for i in range(plain[28])]
        return vault, [(struct.unpack_from("<I", s)[0], s[8:40]) for s in slots]
    raise SystemExit("nothing opens with that")


def open_records(records, header, vault, generations):
    """Every record as (type, schema, body), after checking the heads."""
    found = []
    for number, key in generations:
        k_rec, k_blind, k_set = (expand(key, "llm1/" + label) for label in ("record", "blind", "set"))
        prefix, head, marks, count = vault + bytes([number % 256]), None, 0, 0
        for row, value in records.items():
            if not row.startswith(prefix):
                continue
            plain = unseal(k_rec, b"LLM1\x03\x01\0\0" + header["uuid"] + row, value)
            kind, schema, _, key_len, body_len = struct.unpack_from("<HHQHI", plain)
            logical, body = plain[18 : 18 + key_len], plain[18 + key_len : 18 + key_len + body_len]
            blind = mac(k_blind, struct.pack("<H", kind) + logical)[:16]
            if schema == 0 or any(plain[18 + key_len + body_len :]) or row != prefix + blind:
                raise SystemExit("a record is not where it belongs")
            if kind == 1:
                head = body
                continue
            marks ^= int.from_bytes(mac(k_set, row + value[-16:]), "big")
            count += 1
            found.append((kind, schema, body))
        if head is None or head[16:56] != struct.pack("<Q", count) + marks.to_bytes(32, "big"):
            raise SystemExit("records were deleted, put back or added")
    return found


# --- bodies: section 9 (postcard) ---------------------------------------------------------------------------------
class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, count):
        self.at += count
        if self.at > len(self.data):
            raise SystemExit("a record is shorter than it says")
        return self.data[self.at - count : self.at]

    def u(self):
        value = shift = 0
        while True:
            byte = self.raw(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def i(self):
        value = self.u()
        return (value >> 1) ^ -(value & 1)

    def text(self):
        return self.raw(self.u()).decode()


def ulid(raw):
    number = int.from_bytes(raw, "big")
    return "".join(ALPHABET[number >> 5 * (25 - i) & 31] for i in range(26))


def entry(body):
    r = Reader(body)
    out = {"id": ulid(r.raw(16)), "role": ("writer", "reply", "opening")[r.raw(1)[0] - 1]}
    out["state"] = ("whole", "stopped", "failed", "interrupted")[r.raw(1)[0]]
    out["flags"], day, out["created"], out["updated"] = r.u(), r.i(), r.i(), r.i()
    out["day"] = str(datetime.date(1970, 1, 1) + datetime.timedelta(day))
    out["zone"], out["utc_offset_min"], out["revision"], out["deleted"] = r.text(), r.i(), r.u(), r.i()
    out["reply_to"] = ulid(r.raw(16)) if r.raw(1)[0] else None
    out["traces"], out["text"] = [ulid(r.raw(16)) for _ in range(r.u())], r.text()
    out["made_by"] = {"model": r.text(), "sha256": r.raw(32).hex(), "settings": r.text()} if r.raw(1)[0] else None
    _ = [(r.u(), r.raw(r.u())) for _ in range(r.u())]
    if r.at != len(body):
        raise SystemExit("an entry is longer than it should be")
    return out


def trace(body):
    r = Reader(body)
    return ulid(r.raw(16)), r.text()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backup")
    parser.add_argument("--name")
    parser.add_argument("--recovery-code", action="store_true")
    args = parser.parse_args()
    with open(args.backup, "rb") as file:
        small, records = read_archive(file.read())
    header = read_header(small[b"H"])
    secret = sys.stdin.readline().rstrip("\r\n")
    try:
        vault, generations = open_vault(small, header, args, secret)
        found = open_records(records, header, vault, generations)
    except InvalidTag:
        raise SystemExit("a sealed row does not open")
    entries = [entry(body) for kind, schema, body in found if (kind, schema) == (2, 1)]
    names = dict(trace(body) for kind, schema, body in found if (kind, schema) == (10, 1))
    for one in entries:
        one["traces"] = [names.get(id, id) for id in one["traces"]]
    json.dump({"account": vault.hex(), "entries": entries}, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
