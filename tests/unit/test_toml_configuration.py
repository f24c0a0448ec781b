"""TOML from a source, as the engine is given it: judged once for each version."""

import logging

import pytest

from core.bootstrap.parts import TomlConfiguration
from core.config.settings import RunnerDefaults
from core.domain.errors import ConfigurationError
from core.ports import ConfigDocument

GOOD = '[[runner]]\nfamily = "small"\ncpu = 1024\nmemory = 2048\ncompatibility = "EXTERNAL"\n'
ODD = GOOD + 'colour = "red"\n'


class Source:
    """Gives the text it holds; the version is the text itself."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def read(self) -> ConfigDocument:
        return ConfigDocument(self.text, self.text)


def configuration(source: Source) -> TomlConfiguration:
    return TomlConfiguration(source, RunnerDefaults(name_prefix="ci"))


async def test_the_scale_sets_are_those_of_the_text_and_the_settings() -> None:
    wanted = await configuration(Source(GOOD)).read()
    assert ([spec.name for spec in wanted.scale_sets], wanted.version) == (["ci-small"], GOOD)


async def test_the_same_version_is_not_judged_again() -> None:
    reader = configuration(Source(GOOD))
    assert await reader.read() is await reader.read()


async def test_warnings_are_logged_once_for_each_version(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(ODD)
    reader = configuration(source)
    with caplog.at_level(logging.WARNING):
        for text in (ODD, ODD, ODD + "# again\n"):
            source.text = text
            await reader.read()
    assert ["colour" in message for message in caplog.messages] == [True, True]


async def test_what_cannot_work_is_said_at_each_reading_until_it_is_mended() -> None:
    source = Source("[[runner]]\n")
    reader = configuration(source)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="family"):
            await reader.read()
    source.text = GOOD
    assert (await reader.read()).version == GOOD
