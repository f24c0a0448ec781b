"""The runner configuration from a parameter of SSM Parameter Store.

A SecureString is decrypted: read as it is stored it would look like no configuration at all (behaviour.md row 23). The
version is the parameter's own number, which rises with every put (ecs-api.md A8, SSM GetParameter), and a digest of the
text beside it: a parameter that was deleted and made anew counts from 1 again.
"""

from __future__ import annotations

import hashlib
from typing import Any

from core.adapters.aws.calls import ask
from core.adapters.aws.errors import Call, Subject, UnreadableAnswerError, translate
from core.ports import ConfigDocument


class ParameterSource:
    """A ``ConfigSource``: one parameter, by way of a client of ``ssm`` that stays the caller's, who closes it.

    ``name`` starts with ``/`` and may end with ``:version`` or ``:label``.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._call = Call(
            "GetParameter",
            region=str(client.meta.region_name),
            subject=Subject(
                what=f"SSM parameter {name!r}",
                setting="SSM_PARAMETER_NAME",
                permissions=f"ssm:GetParameter on parameter {name!r} and, for a SecureString, kms:Decrypt on its key",
            ),
        )

    async def read(self) -> ConfigDocument:
        """Read the parameter now.

        ConfigurationError when it does not exist, PermissionDenied when it or its key is denied; Throttled and
        Unavailable while SSM cannot answer.
        """
        answer = await ask(self._client, self._call, {"Name": self._name, "WithDecryption": True})
        parameter = answer["Parameter"]
        if "Value" not in parameter:
            raise translate(UnreadableAnswerError(), self._call)
        text: str = parameter["Value"]
        return ConfigDocument(text, f"{parameter.get('Version')} {hashlib.sha256(text.encode()).hexdigest()}")
