"""Chance that can be repeated: every draw is a hash of the seed and of what is being drawn for."""

import hashlib
import hmac


class Dice:
    """Draws decided by the seed and a label alone, so that no draw disturbs another."""

    __slots__ = ("_key",)

    def __init__(self, seed: int) -> None:
        self._key = hashlib.blake2b(f"lookbook-simulator:{seed}".encode()).digest()

    def digest(self, *label: object) -> bytes:
        """Return 32 bytes that depend on the seed and the label."""
        text = "\x1f".join(map(str, label)).encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=32).digest()

    def fraction(self, *label: object) -> float:
        """Return a number in [0, 1)."""
        return int.from_bytes(self.digest(*label)[:7]) / (1 << 56)

    def name(self, prefix: str, *label: object) -> str:
        """Return an identifier that looks random, such as ``look_3f09…``."""
        return prefix + self.digest("name", prefix, *label)[:12].hex()

    def seal(self, text: str) -> str:
        """Return a short signature over a text, for links and cursors."""
        return self.digest("seal", text)[:15].hex()

    def sealed(self, text: str, seal: str) -> bool:
        """Return whether the signature belongs to the text."""
        return hmac.compare_digest(self.seal(text).encode(), seal.encode(errors="replace"))
