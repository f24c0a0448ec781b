"""What all that goes over the control socket has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """Base of all that is shown: frozen, compared by value."""

    model_config = ConfigDict(frozen=True, extra="ignore")
