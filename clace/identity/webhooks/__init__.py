"""The proof of whoever calls a webhook: a bearer token, or a signature of the body."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.webhooks.calls import CallQuota as CallQuota
    from clace.identity.webhooks.presented import presented as presented
    from clace.identity.webhooks.proofs import WebhookProofs as WebhookProofs
else:
    __getattr__ = face(
        __name__,
        calls=("CallQuota",),
        presented=("presented",),
        proofs=("WebhookProofs",),
    )
