"""HTTP and nothing else: what comes in over listeners, and the answers to it."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.web.forwarded import TrustedProxies as TrustedProxies, UNIX as UNIX
    from clace.web.https_only import HTTPSOnly as HTTPSOnly
    from clace.web.root import RootResource as RootResource
    from clace.web.webhooks import WebhookSteps as WebhookSteps
else:
    __getattr__ = face(
        __name__,
        forwarded=("TrustedProxies", "UNIX"),
        https_only=("HTTPSOnly",),
        root=("RootResource",),
        webhooks=("WebhookSteps",),
    )
