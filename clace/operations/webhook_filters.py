"""Pushes that a webhook is for, told from all that a git host sends."""

from __future__ import annotations

from msgspec import Struct

from clace.admin_api import WebhookKind
from clace.interfaces import StoredWebhook
from clace.model import PING_EVENT, PUSH_EVENT, Push, matches_globs

WINDOW = 3 * 86_400.0
"""The age in seconds of a push that is too old: hosts deliver again for three days."""


class Followed(Struct, frozen=True):
    """The branch that the source of a webhook's app or sync follows; with ``commit`` it stays there
    and follows none. Of a source that is not from git there is neither.
    """

    branch: str = ""
    commit: str = ""


def reason_to_ignore(webhook: StoredWebhook, push: Push, followed: Followed, now: float) -> str:
    """Return why nothing is done for a push; an empty text if it is for the webhook.

    A caller who sends no event, as a CI job, and names no branch is always meant.
    """
    if push.event == PING_EVENT:
        return "a ping: the webhook is reached, and its proof is right"
    if push.time is not None and now - push.time > WINDOW:
        return "the push is older than three days"
    if webhook.kind == WebhookKind.PROMOTE and not webhook.branches:
        return ""
    if push.event not in {"", PUSH_EVENT}:
        return f"the event {push.event:.40} is no push"
    if push.is_deletion:
        return "the branch was deleted"
    return _of_branch(webhook, push, followed) or _of_files(webhook, push)


def _of_branch(webhook: StoredWebhook, push: Push, followed: Followed) -> str:
    is_asked = bool(webhook.branches or followed.branch or followed.commit)
    if not is_asked or (not push.ref and not push.event and not webhook.branches):
        return ""
    if not push.branch:
        return f"no branch was pushed, but {push.ref:.80}" if push.ref else "no branch is named"
    if webhook.branches:
        fits, among = (
            matches_globs(push.branch, webhook.branches),
            f"among {', '.join(webhook.branches)}",
        )
    elif followed.branch:
        fits, among = push.branch == followed.branch, followed.branch
    else:
        return f"the app stays at commit {followed.commit}"
    return "" if fits else f"branch {push.branch:.80} is not {among}"


def _of_files(webhook: StoredWebhook, push: Push) -> str:
    if not webhook.paths or push.files is None:
        return ""
    if any(matches_globs(name, webhook.paths) for name in push.files):
        return ""
    return f"no file of the push matches {', '.join(webhook.paths)}"
