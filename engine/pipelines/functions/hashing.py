"""Digests of texts, in small hexadecimal letters. They tell texts apart; nothing is kept secret by them.

Source: Elasticsearch's ES|QL reference, string functions HASH, MD5, SHA1, SHA256.
"""

import hashlib
from typing import Any

from engine.pipelines.functions.kinds import TEXT, checked, reading
from engine.pipelines.functions.shape import Function, Work
from engine.pipelines.operands import Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type, Value

# By the names that Java gives them, in small letters and without hyphens.
_ALGORITHMS = {
    "md5": "md5",
    "sha": "sha1",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3224": "sha3_224",
    "sha3256": "sha3_256",
    "sha3384": "sha3_384",
    "sha3512": "sha3_512",
}


def _digest(algorithm: str, text: str) -> str:
    hasher: Any = hashlib.new(algorithm, usedforsecurity=False)
    hasher.update(text.encode("utf-8", "replace"))
    return str(hasher.hexdigest())


def _named(name: str) -> str | None:
    return _ALGORITHMS.get(name.lower().replace("-", ""))


@reading(TEXT)
def _hash(name: str, text: str) -> Value:
    algorithm = _named(name)
    return None if algorithm is None else _digest(algorithm, text)


def _prepare(constants: tuple[Value | Absent, ...]) -> Work:
    name = constants[0]
    if isinstance(name, str) and _named(name) is None:
        raise TypeProblem(f"`{name[:40]}` is no digest that is known here, such as SHA-256", 0)
    return _hash


def _fixed(name: str) -> Function:
    @reading(TEXT)
    def work(text: str) -> Value:
        return _digest(name, text)

    return Function(name, 1, 1, checked(Type.KEYWORD, TEXT), work)


HASHING = (
    Function("hash", 2, 2, checked(Type.KEYWORD, TEXT), _hash, prepare=_prepare),
    _fixed("md5"),
    _fixed("sha1"),
    _fixed("sha256"),
)
