"""The way out of walled programs: a proxy and forwards to what was approved for each."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.egress.plans import Egress as Egress
    from clace.egress.targets import egress_target as egress_target
else:
    __getattr__ = face(
        __name__,
        plans=("Egress",),
        targets=("egress_target",),
    )
