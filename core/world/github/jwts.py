"""JSON Web Tokens, the little of RFC 7519 that this GitHub needs: signing its own, judging an App's.

Written on `cryptography` alone, so that what the product makes with its JWT library is judged by other code.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

_PARTS = 3
_LONGEST_APP_JWT_LIFE = 600


@dataclass(frozen=True, slots=True)
class _Decoded:
    header: dict[str, object]
    claims: dict[str, object]
    signed: bytes
    signature: bytes


def sign_hs256(claims: dict[str, object], key: bytes) -> str:
    """Return a token over `claims`, signed with a shared key."""
    signed = f"{_encode_json({'alg': 'HS256', 'typ': 'JWT'})}.{_encode_json(claims)}"
    return f"{signed}.{_encode(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def app_jwt_fault(token: str, now: float, key: RSAPublicKey | None) -> str | None:
    """Return what is wrong with an App's JWT at `now` (epoch seconds), in words; None: nothing.

    Checked are the algorithm, `iss`, and that `iat` is not ahead, `exp` not past and at most ten minutes after `iat`
    (github-scale-set-api.md sections 2.2, 11.2); and the signature, where `key` is given.
    """
    decoded = _decode(token)
    if decoded is None:
        return "A JSON web token could not be decoded"
    if decoded.header.get("alg") != "RS256":
        return "'Algorithm' must be RS256"
    return _claims_fault(decoded.claims, now) or _signature_fault(decoded, key)


def _claims_fault(claims: dict[str, object], now: float) -> str | None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(claims.get("iss"), str) or not claims["iss"]:
        return "'Issuer' claim ('iss') must be the client id or App id as a string"
    if not isinstance(issued, int | float) or issued > now:
        return "'Issued at' claim ('iat') must be a timestamp in the past"
    if not isinstance(expires, int | float) or expires <= now:
        return "'Expiration time' claim ('exp') must be a timestamp in the future"
    if expires - issued > _LONGEST_APP_JWT_LIFE:
        return "'Expiration time' claim ('exp') is too far in the future"
    return None


def _signature_fault(decoded: _Decoded, key: RSAPublicKey | None) -> str | None:
    if key is None:
        return None
    try:
        key.verify(decoded.signature, decoded.signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return "A JSON web token could not be decoded"
    return None


def _decode(token: str) -> _Decoded | None:
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        header, claims = json.loads(_bytes(parts[0])), json.loads(_bytes(parts[1]))
        signature = _bytes(parts[2])
    except (binascii.Error, ValueError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return _Decoded(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def _encode_json(value: dict[str, object]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
