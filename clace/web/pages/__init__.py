"""The server's own pages: plain documents that need no script and nothing from elsewhere."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.web.pages.document import (
        Page as Page,
        PageStep as PageStep,
        framed as framed,
        policy as policy,
        policy_for as policy_for,
    )
    from clace.web.pages.negotiation import (
        MediaType as MediaType,
        best as best,
        preferred as preferred,
    )
    from clace.web.pages.sending import send as send
    from clace.web.pages.trouble import (
        Trouble as Trouble,
        favicon as favicon,
        phrase as phrase,
        trouble_answer as trouble_answer,
    )
else:
    __getattr__ = face(
        __name__,
        document=("Page", "PageStep", "framed", "policy", "policy_for"),
        negotiation=("MediaType", "best", "preferred"),
        sending=("send",),
        trouble=("Trouble", "favicon", "phrase", "trouble_answer"),
    )
