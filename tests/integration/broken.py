"""What can be wrong with a configuration (behaviour.md row 36), and every action a controller may need."""

from core.domain.permissions import Account, needed
from tests.integration.conftest import TOML

ALL_EXCLUDED = """
[[template]]
family_prefix = "build"
[template.sizes]
small = { cpu = 1024, memory = 2048 }
[template.exclude]
combinations = [{}]
"""
#: Configurations that cannot work, and what each is told with: a key, or a word of the sentence.
BROKEN = [
    (TOML.replace("max_runners = 10", "max_runners = 1\nmin_runners = 2"), "min_runners"),
    (TOML.replace("EXTERNAL", "FARGATE").replace("cpu = 1024", "cpu = 1000"), "cpu"),
    (TOML.replace("EXTERNAL", "FARGATE"), "subnets"),
    (TOML.replace('"small"', f'"{"x" * 56}"'), "family"),
    (TOML + 'extra_labels = ["docker"]', "labels"),
    (TOML + 'max_runtime = "-1h"', "max_runtime"),
    (TOML + 'pending_timeout = "0s"', "pending_timeout"),
    (TOML.replace("max_runners = 10", 'max_runners = "ten"'), "max_runners"),
    (ALL_EXCLUDED, "exclude"),
    (TOML + TOML, "is defined already"),
    (TOML + "[[runner]\n", "line"),
    ("", "defines no runner"),
]
#: Every action, once.
ACTIONS = sorted(
    {
        permission.action
        for permission in needed(Account("aws", "r", "1", "c"), ("arn:role/one", "arn:role/two"), family="f", logs="/l")
    }
)
