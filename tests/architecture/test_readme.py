"""The README says what is so: its commands exist, its sample works, its settings are all there are."""

import argparse
import re
import shlex
import tomllib
from pathlib import Path

from core.config.options import OPTIONS
from core.config.runner_config import parse_runner_config
from core.config.settings import RunnerDefaults
from tui import cli
from tui.oneshot import ONE_SHOTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)


def test_the_sample_gives_the_scale_sets_it_says() -> None:
    (sample,) = blocks("toml")
    config = parse_runner_config(sample, RunnerDefaults())
    assert not config.warnings
    assert [spec.name for spec in config.scale_sets] == [
        "small",
        "build-large-docker",
        "build-large-plain",
        "build-medium-docker",
        "build-medium-plain",
    ]


def test_every_setting_is_described() -> None:
    assert [option.variable for option in OPTIONS if option.variable not in README] == []


def test_every_command_shown_exists_and_every_one_shot_is_shown() -> None:
    shown = {word for block in blocks("sh") for word in re.findall(r"arcdeck ([a-z][a-z-]+)", block)}
    assert shown <= set(cli._COMMANDS)
    assert set(ONE_SHOTS) <= shown


def test_the_options_of_the_commands_shown_exist() -> None:
    for block in blocks("sh"):
        for name, rest in re.findall(r"^arcdeck ([a-z-]+)(.*)$", block, re.MULTILINE):
            if name in ONE_SHOTS:
                parser = argparse.ArgumentParser(exit_on_error=False)
                ONE_SHOTS[name].add_arguments(parser)
                parser.parse_args(shlex.split(rest, comments=True))


def test_every_make_target_named_exists() -> None:
    targets = re.findall(r"make ([a-z]+)", README)
    makefile = (ROOT / "Makefile").read_text()
    assert targets
    assert all(f"\n{target}:" in makefile for target in targets)


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).exists() for picture in pictures)


def test_the_version_of_the_changelog_is_the_programs() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"### {version}" in README
