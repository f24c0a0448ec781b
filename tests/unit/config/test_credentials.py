"""The shape of an App's private key."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from core.config.credentials import parse_private_key
from tests.unit.config.builders import pem, rsa_key

PKCS8 = serialization.PrivateFormat.PKCS8
OPENSSH = serialization.PrivateFormat.OpenSSH


def refusal(text: str) -> str:
    with pytest.raises(ValueError, match=r"^(is|holds) ") as raised:
        parse_private_key(text)
    return str(raised.value)


def test_a_key_as_github_gives_it_is_taken_as_it_is(app_key: str) -> None:
    assert parse_private_key(app_key).reveal() == app_key


def test_a_key_in_pkcs8_is_taken_as_it_is() -> None:
    text = pem(rsa_key(), PKCS8)
    assert parse_private_key(text).reveal() == text


@pytest.mark.parametrize(
    "line_break",
    ["\\n", "\\r\\n", "\r\n", " ", "\n\n  "],
    ids=["backslash n", "backslash r n", "carriage return", "blank", "indented"],
)
def test_line_breaks_of_any_kind_are_read(app_key: str, line_break: str) -> None:
    begin, *body, end = app_key.splitlines()
    assert parse_private_key(line_break.join([begin, *body, end, ""])).reveal() == app_key


def test_text_around_the_key_does_not_matter(app_key: str) -> None:
    assert parse_private_key(f"# the App of acme\n{app_key}\n").reveal() == app_key


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (pem(ec.generate_private_key(ec.SECP256R1())), "is an elliptic-curve key"),
        (pem(ed25519.Ed25519PrivateKey.generate(), PKCS8), "is not an RSA key"),
        (pem(ed25519.Ed25519PrivateKey.generate(), OPENSSH), "is an SSH key"),
        (pem(rsa_key(), passphrase=b"x"), "is an encrypted key; remove its passphrase"),
        (pem(rsa_key(), PKCS8, passphrase=b"x"), "is an encrypted key; remove its passphrase"),
        ("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----", "is a certificate"),
        ("-----BEGIN MYSTERY-----\nMA==\n-----END MYSTERY-----", "is something else in PEM"),
        ("-----BEGIN RSA PRIVATE KEY-----\n????\n-----END RSA PRIVATE KEY-----", "is damaged"),
        ("-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----", "is cut short or damaged"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n" * 2, "holds more than one PEM block"),
        ("just some text", "is not a PEM private key"),
        ("", "is not a PEM private key"),
    ],
)
def test_anything_else_is_refused_by_what_it_is(text: str, told: str) -> None:
    assert refusal(text).startswith(told)


def test_a_key_cut_short_is_noticed(app_key: str) -> None:
    begin, *body, end = app_key.splitlines()
    assert refusal("\n".join([begin, *body[:-3], end])).startswith("is cut short or damaged")


def test_a_key_without_its_last_line_is_noticed(app_key: str) -> None:
    assert refusal(app_key[:-40]).startswith("is not a PEM private key")


def test_other_data_under_the_right_heading_is_noticed() -> None:
    body = base64.b64encode(b"not a key at all").decode()
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    assert refusal(text).startswith("is cut short or damaged")


def test_a_refusal_holds_no_part_of_the_key(app_key: str) -> None:
    begin, *body, end = app_key.splitlines()
    told = refusal("\n".join([begin, *body[:-3], end]))
    assert not any(line in told for line in body)
