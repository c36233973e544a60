"""sprig's encodings, checksums, random strings and AES."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
import uuid
import zlib
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.values import decode, encode
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import Meter

ENCODINGS: Final = Library()
BLOCK: Final = 16
_ALPHABETS: Final = {
    "randAlphaNum": string.ascii_letters + string.digits,
    "randAlpha": string.ascii_letters,
    "randNumeric": string.digits,
    "randAscii": "".join(map(chr, range(32, 127))),
}
_random: Final = secrets.SystemRandom()


@ENCODINGS.add("b64enc", "string")
def b64enc(text: str) -> str:
    return base64.b64encode(encode(text)).decode()


@ENCODINGS.add("b32enc", "string")
def b32enc(text: str) -> str:
    return base64.b32encode(encode(text)).decode()


@ENCODINGS.add("b64dec", "string")
def b64dec(text: str) -> str:
    """The decoded text, or the complaint about what cannot be decoded."""
    alphabet = string.ascii_letters + string.digits + "+/"
    found = _decoded(text, alphabet, 4)
    if isinstance(found, int):
        return f"illegal base64 data at input byte {found}"
    return decode(base64.b64decode(found))


@ENCODINGS.add("b32dec", "string")
def b32dec(text: str) -> str:
    # Line breaks go first, so the places of errors do not count them.
    text = text.replace("\r", "").replace("\n", "")
    found = _decoded(text, string.ascii_uppercase + "234567", 8)
    if isinstance(found, int):
        return f"illegal base32 data at input byte {found}"
    return decode(base64.b32decode(found))


def _decoded(text: str, alphabet: str, quantum: int) -> str | int:
    """The text without line breaks, or the place that Go complains about."""
    data = encode(text)
    kept: list[str] = []
    for at, byte in enumerate(data):
        char = chr(byte)
        if char in "\r\n":
            continue
        if char in alphabet:
            kept.append(char)
        elif char == "=":
            return _padded(data, at, kept, quantum)
        else:
            return at
    if len(kept) % quantum:
        size = len(data) if quantum == 4 else len(kept)  # noqa: PLR2004
        return size - len(kept) % quantum
    return "".join(kept)


def _padded(data: bytes, at: int, kept: list[str], quantum: int) -> str | int:
    used = len(kept) % quantum
    legal = (2, 3) if quantum == 4 else (2, 4, 5, 7)  # noqa: PLR2004
    if used not in legal:
        return at
    missing = quantum - used
    rest = [(place, chr(data[place])) for place in range(at, len(data))]
    marks = [(place, char) for place, char in rest if char not in "\r\n"]
    for place, char in marks[:missing]:
        if char != "=":
            return place - (1 if quantum == 4 else 0)  # noqa: PLR2004
    if len(marks) < missing:
        return len(data)
    if len(marks) > missing:
        return marks[missing][0]
    return "".join(kept) + "=" * missing


@ENCODINGS.add("sha1sum", "string", metered=True)
def sha1sum(meter: Meter, text: str) -> str:
    meter.reserve(len(text))
    return hashlib.sha1(encode(text)).hexdigest()  # noqa: S324 - the template asks for it


@ENCODINGS.add("sha256sum", "string", metered=True)
def sha256sum(meter: Meter, text: str) -> str:
    meter.reserve(len(text))
    return hashlib.sha256(encode(text)).hexdigest()


@ENCODINGS.add("sha512sum", "string", metered=True)
def sha512sum(meter: Meter, text: str) -> str:
    meter.reserve(len(text))
    return hashlib.sha512(encode(text)).hexdigest()


@ENCODINGS.add("adler32sum", "string", metered=True)
def adler32sum(meter: Meter, text: str) -> str:
    meter.reserve(len(text))
    return str(zlib.adler32(encode(text)))


def _random_text(meter: Meter, count: int, alphabet: str) -> str:
    meter.reserve(count)
    meter.spend(count >> 4)
    return "".join(_random.choice(alphabet) for _ in range(max(count, 0)))


@ENCODINGS.add("randAlphaNum", "int", metered=True)
def rand_alpha_num(meter: Meter, count: int) -> str:
    return _random_text(meter, count, _ALPHABETS["randAlphaNum"])


@ENCODINGS.add("randAlpha", "int", metered=True)
def rand_alpha(meter: Meter, count: int) -> str:
    return _random_text(meter, count, _ALPHABETS["randAlpha"])


@ENCODINGS.add("randNumeric", "int", metered=True)
def rand_numeric(meter: Meter, count: int) -> str:
    return _random_text(meter, count, _ALPHABETS["randNumeric"])


@ENCODINGS.add("randAscii", "int", metered=True)
def rand_ascii(meter: Meter, count: int) -> str:
    return _random_text(meter, count, _ALPHABETS["randAscii"])


@ENCODINGS.add("randBytes", "int", metered=True)
def rand_bytes(meter: Meter, count: int) -> str:
    if count < 0:
        raise CallFault("runtime error: makeslice: len out of range")
    meter.reserve(count)
    return base64.b64encode(secrets.token_bytes(count)).decode()


@ENCODINGS.add("shuffle", "string", metered=True)
def shuffle(meter: Meter, text: str) -> str:
    meter.spend(len(text) >> 4)
    chars = list(text)
    _random.shuffle(chars)
    return "".join(chars)


@ENCODINGS.add("uuidv4")
def uuidv4() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _cipher(password: str, start: bytes) -> Cipher[modes.CBC]:
    key = encode(password[:32])[:32].ljust(32, b"\0")
    return Cipher(algorithms.AES256(key), modes.CBC(start))


@ENCODINGS.add("encryptAES", "string, string", metered=True)
def encrypt_aes(meter: Meter, password: str, text: str) -> str:
    data = encode(text)
    meter.reserve(len(data))
    if not data:
        return ""
    start = secrets.token_bytes(BLOCK)
    padding = BLOCK - len(data) % BLOCK
    sealing = _cipher(password, start).encryptor()
    sealed = sealing.update(data + bytes([padding]) * padding) + sealing.finalize()
    return base64.b64encode(start + sealed).decode()


@ENCODINGS.add("decryptAES", "string, string", metered=True)
def decrypt_aes(meter: Meter, password: str, text: str) -> str:
    if not text:
        return ""
    meter.reserve(len(text))
    data = b64dec(text)
    if data.startswith("illegal base64"):
        raise CallFault(data)
    raw = encode(data)
    capacity = len(text) // 4 * 3
    if capacity < BLOCK:
        raise CallFault(
            f"runtime error: slice bounds out of range [:{BLOCK}] with capacity {capacity}"
        )
    if len(raw) < BLOCK:
        raise CallFault(f"runtime error: slice bounds out of range [{BLOCK}:{len(raw)}]")
    if len(raw) % BLOCK:
        raise CallFault("crypto/cipher: input not full blocks")
    if len(raw) == BLOCK:
        raise CallFault("runtime error: index out of range [-1]")
    opening = _cipher(password, raw[:BLOCK]).decryptor()
    plain = opening.update(raw[BLOCK:]) + opening.finalize()
    end = len(plain) - plain[-1]
    if end < 0:
        raise CallFault(f"runtime error: slice bounds out of range [:{end}]")
    return decode(plain[:end])
