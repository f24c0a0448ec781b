"""Work side by side of which the first to end decides for all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping


async def first_of(works: Mapping[str, Coroutine[Any, Any, object]]) -> None:
    """Run the works, each under its name, until one of them ends; the others are cancelled and waited for.

    Raises what the one that ended raised, as it is; what the others raise while they are cancelled is dropped.
    """
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
