"""Who we are to GitHub: an App, or a personal access token.

A private key is looked at only as far as its shape goes (a whole PEM block of an RSA key), so that a truncated paste or
the wrong file is told at once and in words. No message holds any part of what was looked at (invariant I6).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from core.domain.secret import Secret

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_LINE = 64
#: What people paste by mistake, and what it is called.
_WRONG_KINDS = {
    "ENCRYPTED PRIVATE KEY": "an encrypted key; remove its passphrase",
    "EC PRIVATE KEY": "an elliptic-curve key",
    "DSA PRIVATE KEY": "a DSA key",
    "OPENSSH PRIVATE KEY": "an SSH key",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "CERTIFICATE": "a certificate",
}
_CURE = "use the .pem file that GitHub gave for the App"
_SEQUENCE = 0x30
_LONG_FORM = 0x80
_RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")  # object identifier 1.2.840.113549.1.1.1


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """A GitHub App. One of ``client_id`` and ``app_id``, and one of ``private_key`` and its secret, is set."""

    installation_id: int
    client_id: str | None = None
    app_id: int | None = None
    private_key: Secret | None = None  #: PEM; None when it has to be fetched
    private_key_secret: str | None = None  #: ARN in Secrets Manager of the PEM, for ``parse_private_key``

    @property
    def issuer(self) -> str:
        """Who signs the App's tokens: the client id, else the App's id, which works as well (section 2.1)."""
        return self.client_id or str(self.app_id)


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """A personal access token."""

    token: Secret


Credentials = AppCredentials | TokenCredentials


def parse_private_key(text: str) -> Secret:
    r"""The private key of a GitHub App in tidy PEM.

    Takes line breaks of any kind: real ones, the two characters ``\n`` as environment files hold them, or blanks.
    Raises ValueError, as the rest of a sentence, when it is not one whole PEM block of an RSA private key.
    """
    blocks = _BLOCK.findall(text.replace("\\r", "").replace("\\n", "\n"))
    if not blocks:
        raise ValueError(f"is not a PEM private key (-----BEGIN RSA PRIVATE KEY----- … -----END …); {_CURE}")
    if len(blocks) > 1:
        raise ValueError(f"holds more than one PEM block; {_CURE}")
    ((label, content),) = blocks
    if label not in {"RSA PRIVATE KEY", "PRIVATE KEY"}:
        raise ValueError(f"is {_WRONG_KINDS.get(label, 'something else in PEM')}; {_CURE}")
    if "ENCRYPTED" in content:
        raise ValueError(f"is an encrypted key; remove its passphrase, or {_CURE}")
    body = "".join(content.split())
    _check_der(_decoded(body), label)
    lines = [body[start : start + _LINE] for start in range(0, len(body), _LINE)]
    return Secret("\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]))


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is damaged: what is between BEGIN and END is not base64; {_CURE}") from None


def _check_der(der: bytes, label: str) -> None:
    if not _is_one_sequence(der):
        raise ValueError(f"is cut short or damaged; {_CURE}")
    if label == "PRIVATE KEY" and _RSA_ENCRYPTION not in der[:32]:
        raise ValueError(f"is not an RSA key; {_CURE}")


def _is_one_sequence(der: bytes) -> bool:
    """Whether the bytes are one DER sequence to their very end, as RFC 8017 and RFC 5958 keys are."""
    if len(der) < 2 or der[0] != _SEQUENCE:  # noqa: PLR2004 -- a tag and a length
        return False
    if der[1] < _LONG_FORM:
        return len(der) == 2 + der[1]
    octets = der[1] - _LONG_FORM
    return len(der) == 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")
