"""The server's own pages: plain documents that need no script and nothing from elsewhere."""

from clace.web.pages.document import Page, PageStep, document, framed, policy, policy_for
from clace.web.pages.negotiation import MediaType, best, preferred
from clace.web.pages.sending import send
from clace.web.pages.trouble import Trouble, favicon, phrase, trouble_answer

__all__ = [
    "MediaType",
    "Page",
    "PageStep",
    "Trouble",
    "best",
    "document",
    "favicon",
    "framed",
    "phrase",
    "policy",
    "policy_for",
    "preferred",
    "send",
    "trouble_answer",
]
