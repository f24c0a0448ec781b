"""The addresses that this GitHub hands out. They begin with whatever host and port the caller reached it by.

The Actions service has a tenant in its path and a slash at its end, and the queue has a parameter in its query: clients
must keep both, and lose them only here (github-scale-set-api.md section 11.1).
"""

from aiohttp import web

SERVICE_PATH = "/tenant/1/"
"""The path of the Actions service."""

SCALE_SETS_PATH = f"{SERVICE_PATH}_apis/runtime/runnerscalesets"
"""The collection of scale sets."""

RUNNERS_PATH = f"{SERVICE_PATH}_apis/distributedtask/pools/0/agents"
"""The collection of runners."""

GROUPS_PATH = f"{SERVICE_PATH}_apis/runtime/runnergroups"
"""The collection of runner groups."""

QUEUE_PATH = "/scalesets/message"
"""The queue of messages; which one is in the query."""


def service_url(request: web.Request) -> str:
    """Return the address of the Actions service."""
    return str(request.url.origin().with_path(SERVICE_PATH))


def queue_url(request: web.Request, scale_set_id: int) -> str:
    """Return the address of a scale set's queue."""
    return str(request.url.origin().with_path(QUEUE_PATH).with_query(scope=scale_set_id))


def acquire_url(request: web.Request, scale_set_id: int) -> str:
    """Return the address at which a scale set acquires jobs."""
    return str(request.url.origin().with_path(f"{SCALE_SETS_PATH}/{scale_set_id}/acquirejobs"))
