"""GitHub: the runner scale-set service and the REST list of runners, over HTTP. The only home of httpx and PyJWT.

``GitHubScaleSetClient`` implements the port ``ScaleSetClient``. From the outside in: ``client`` and ``session`` say
what is asked, ``service`` and ``rest`` of whom, ``admin`` and ``auth`` in whose name; ``transport`` sends it;
``decode`` and ``errors`` turn what comes back into values and errors of the domain.
"""

from core.adapters.github.auth import AppCredentials, Credentials, TokenCredentials
from core.adapters.github.client import GitHubScaleSetClient
from core.adapters.github.rate import RateLimit
from core.adapters.github.session import GitHubMessageSession
from core.adapters.github.transport import OnCall
from core.domain.errors import UnreadableMessage

__all__ = [
    "AppCredentials",
    "Credentials",
    "GitHubMessageSession",
    "GitHubScaleSetClient",
    "OnCall",
    "RateLimit",
    "TokenCredentials",
    "UnreadableMessage",
]
