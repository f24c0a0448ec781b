"""A secret of AWS Secrets Manager: the private key of the GitHub App.

What comes is put into a ``Secret`` at once and judged by whoever knows what it should be. No error repeats any of it
(invariant I6).
"""

from __future__ import annotations

from typing import Any

from core.adapters.aws.calls import ask
from core.adapters.aws.errors import Call, Subject
from core.domain.errors import ConfigurationError
from core.domain.secret import Secret


async def secret_value(client: Any, arn: str, *, setting: str) -> Secret:
    """The current text of a secret, by way of a client of ``secretsmanager``; a binary one must be ASCII.

    ``setting`` is the one that named the secret. ConfigurationError when it does not exist, is marked for deletion or
    is no text; PermissionDenied when it or its key is denied; Throttled and Unavailable while nobody can answer.
    """
    call = Call(
        "GetSecretValue",
        region=str(client.meta.region_name),
        subject=Subject(
            what=f"secret {arn}",
            setting=setting,
            permissions=f"secretsmanager:GetSecretValue on {arn} and, with a KMS key of your own, kms:Decrypt on it",
        ),
    )
    answer = await ask(client, call, {"SecretId": arn})
    if "SecretString" in answer:
        return Secret(answer["SecretString"])
    try:
        return Secret(answer["SecretBinary"].decode("ascii"))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{setting}: secret {arn} holds bytes that are no text") from None
