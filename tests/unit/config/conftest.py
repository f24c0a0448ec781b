"""What the tests of settings share: one generated key, and an environment in which everything needed is set."""

from __future__ import annotations

import pytest

from tests.unit.config.builders import pem, rsa_key


@pytest.fixture(scope="session")
def app_key() -> str:
    return pem(rsa_key())


@pytest.fixture
def environ(app_key: str) -> dict[str, str]:
    """The environment of somebody who runs the original."""
    return {
        "GITHUB_APP_CLIENT_ID": "Iv1.abc123",
        "GITHUB_APP_ID": "4711",
        "GITHUB_APP_INSTALLATION_ID": "12345",
        "GITHUB_APP_PRIVATE_KEY": app_key,
        "GITHUB_ORG": "acme",
        "ECS_CLUSTER": "ci",
        "TOML_CONFIG_FILE": "/etc/arcdeck/runners.toml",
        "RUNNER_EXECUTION_ROLE_ARN": "arn:aws:iam::123456789012:role/execution",
        "RUNNER_TASK_ROLE_ARN": "arn:aws:iam::123456789012:role/task",
        "RUNNER_LOG_GROUP": "/ecs/runners",
    }
