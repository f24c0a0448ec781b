"""The composition root: the only place that names concrete adapters and puts a controller together.

``running`` makes one that runs, ``checking`` looks at what one would need and do; both make their parts in ``parts``.
"""

from __future__ import annotations

from core.bootstrap.checking import examine
from core.bootstrap.parts import paths_of, version
from core.bootstrap.running import controller

__all__ = ["controller", "examine", "paths_of", "version"]
