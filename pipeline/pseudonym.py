"""What an analyst sees instead of an MPAN: `h_` and 16 hexadecimal digits.

A pseudonym is the first half of one block: AES-128, under the key of the warehouse, of the MD5 of
the text. AES is a pseudorandom function for those without the key, and it encrypts a whole column
in one call. MD5 only brings the text to the size of a block: who can read the result cannot choose
the text. The key is in Python's memory alone. SQL names the function, never the key.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 16
# 64 bits: in 32 million MPANs two fall together once in 30,000 warehouses.
_BYTES_KEPT = 8
_PREFIX = np.frombuffer(b"h_", np.uint16)[0]
_PAIRS = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
_WIDTH = 2 + 2 * _BYTES_KEPT


class Pseudonyms:
    """The pseudonyms under one key of 32 hexadecimal digits."""

    def __init__(self, key: str) -> None:
        self._cipher = Cipher(algorithms.AES128(bytes.fromhex(key)), modes.ECB())

    def of(self, text: str) -> str:
        """The pseudonym of one text."""
        digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
        return str(self.of_digests(pa.array([digest]))[0])

    def of_digests(self, digests: pa.Array | pa.ChunkedArray) -> pa.Array:
        """The pseudonyms of a column of MD5 digests without nulls."""
        if isinstance(digests, pa.ChunkedArray):
            digests = digests.combine_chunks()
        count = len(digests)
        if count == 0:
            return pa.array([], pa.string())
        _, offsets, content = digests.buffers()
        first = np.frombuffer(offsets, np.int32)[digests.offset]
        blocks = np.frombuffer(content, np.uint8)[first : first + count * _BLOCK]
        encrypted = np.frombuffer(self._cipher.encryptor().update(blocks.data), np.uint8)
        text = np.empty((count, _WIDTH // 2), np.uint16)
        text[:, 0] = _PREFIX
        text[:, 1:] = _PAIRS[encrypted.reshape(count, _BLOCK)[:, :_BYTES_KEPT]]
        starts = np.arange(count + 1, dtype=np.int32) * _WIDTH
        buffers = [None, pa.py_buffer(starts), pa.py_buffer(text)]
        return pa.Array.from_buffers(pa.string(), count, buffers)
