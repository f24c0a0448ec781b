"""The demo's world as a process of its own: `python -m core.world --seed 7`.

The first line on standard output is a JSON object: `environment`, what a daemon's environment needs, and `toml`, its
runner configuration. The world lives until standard input is closed, or SIGTERM or SIGINT comes; then it writes its
account to standard output and ends. So it never outlives whoever started it.
"""

import argparse
import asyncio
import json
import signal
import sys

from core.world.account import Bookkeeper, account
from core.world.demo import RUNNERS_TOML, demo_settings, play
from core.world.world import World


async def live(seed: int) -> None:
    """Run the demo's world until it is told to end."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with World(demo_settings(seed)) as world:
        books = Bookkeeper(world)
        _say(json.dumps({"environment": world.environment(), "toml": RUNNERS_TOML}))
        world.background.spawn(play(world), name="demo")
        world.background.spawn(_watch_input(over), name="standard input")
        await over.wait()
        record = books.close()
    _say("\n".join(account(record)))


async def _watch_input(over: asyncio.Event) -> None:
    """Set `over` when standard input, a pipe or a terminal, has come to its end."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    try:
        await reader.read()
        over.set()
    finally:
        transport.close()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line and live."""
    parser = argparse.ArgumentParser(prog="python -m core.world", description="The embedded world of the demo.")
    parser.add_argument("--seed", type=int, default=1, help="which course of events (default: %(default)s)")
    asyncio.run(live(parser.parse_args().seed))


if __name__ == "__main__":
    main()
