"""AES-256 in CBC mode, small and slow: templates encrypt words, not files."""

from __future__ import annotations

from typing import Final

BLOCK: Final = 16
_ROUNDS: Final = 14


def _double(value: int) -> int:
    value <<= 1
    return (value ^ 0x11B) & 0xFF if value & 0x100 else value


def _multiply(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left, right = _double(left), right >> 1
    return product


def _substitutions() -> bytes:
    """The S-box, from inverses in the field and an affine map."""
    inverse = [0] * 256
    for value in range(1, 256):
        if not inverse[value]:
            other = next(other for other in range(1, 256) if _multiply(value, other) == 1)
            inverse[value], inverse[other] = other, value
    box = bytearray(256)
    for value, found in enumerate(inverse):
        spread = found
        for turn in range(1, 5):
            spread ^= (found << turn | found >> (8 - turn)) & 0xFF
        box[value] = spread ^ 0x63
    return bytes(box)


class _Tables:
    """Made once, when the first template encrypts."""

    made: _Tables | None = None

    def __init__(self) -> None:
        self.box = _substitutions()
        inverse = bytearray(256)
        for value, found in enumerate(self.box):
            inverse[found] = value
        self.inverse = bytes(inverse)
        self.times = {
            factor: bytes(_multiply(value, factor) for value in range(256))
            for factor in (2, 3, 9, 11, 13, 14)
        }

    @classmethod
    def get(cls) -> _Tables:
        if cls.made is None:
            cls.made = cls()
        return cls.made


class AES:
    """One 32-byte key, for any number of messages."""

    def __init__(self, key: bytes) -> None:
        self._tables = _Tables.get()
        self._keys = self._expanded(key)

    def _expanded(self, key: bytes) -> list[bytes]:
        box = self._tables.box
        words = [key[at : at + 4] for at in range(0, 32, 4)]
        constant = 1
        while len(words) < 4 * (_ROUNDS + 1):
            word = words[-1]
            if len(words) % 8 == 0:
                word = bytes(box[byte] for byte in word[1:] + word[:1])
                word = bytes([word[0] ^ constant]) + word[1:]
                constant = _double(constant)
            elif len(words) % 8 == 4:  # noqa: PLR2004
                word = bytes(box[byte] for byte in word)
            words.append(_xor(word, words[-8]))
        return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]

    def _encrypt_block(self, block: bytes) -> bytes:
        box, twice, thrice = self._tables.box, self._tables.times[2], self._tables.times[3]
        state = _xor(block, self._keys[0])
        for turn in range(1, _ROUNDS + 1):
            state = bytes(box[state[(at + 4 * (at % 4)) % 16]] for at in range(16))
            if turn < _ROUNDS:
                mixed = bytearray()
                for at in range(0, 16, 4):
                    a, b, c, d = state[at : at + 4]
                    mixed += bytes(
                        (
                            twice[a] ^ thrice[b] ^ c ^ d,
                            a ^ twice[b] ^ thrice[c] ^ d,
                            a ^ b ^ twice[c] ^ thrice[d],
                            thrice[a] ^ b ^ c ^ twice[d],
                        )
                    )
                state = bytes(mixed)
            state = _xor(state, self._keys[turn])
        return state

    def _decrypt_block(self, block: bytes) -> bytes:
        inverse, times = self._tables.inverse, self._tables.times
        nine, eleven, thirteen, fourteen = (times[factor] for factor in (9, 11, 13, 14))
        state = _xor(block, self._keys[_ROUNDS])
        for turn in range(_ROUNDS - 1, -1, -1):
            state = bytes(inverse[state[(at - 4 * (at % 4)) % 16]] for at in range(16))
            state = _xor(state, self._keys[turn])
            if turn:
                mixed = bytearray()
                for at in range(0, 16, 4):
                    a, b, c, d = state[at : at + 4]
                    mixed += bytes(
                        (
                            fourteen[a] ^ eleven[b] ^ thirteen[c] ^ nine[d],
                            nine[a] ^ fourteen[b] ^ eleven[c] ^ thirteen[d],
                            thirteen[a] ^ nine[b] ^ fourteen[c] ^ eleven[d],
                            eleven[a] ^ thirteen[b] ^ nine[c] ^ fourteen[d],
                        )
                    )
                state = bytes(mixed)
        return state

    def encrypt(self, start: bytes, data: bytes) -> bytes:
        """The initial vector and the encrypted, padded data."""
        pad = BLOCK - len(data) % BLOCK
        data += bytes([pad]) * pad
        blocks = [start]
        for at in range(0, len(data), BLOCK):
            blocks.append(self._encrypt_block(_xor(data[at : at + BLOCK], blocks[-1])))
        return b"".join(blocks)

    def decrypt(self, start: bytes, data: bytes) -> bytes:
        """The data behind an initial vector, padding and all."""
        out = []
        before = start
        for at in range(0, len(data), BLOCK):
            block = data[at : at + BLOCK]
            out.append(_xor(self._decrypt_block(block), before))
            before = block
        return b"".join(out)


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
