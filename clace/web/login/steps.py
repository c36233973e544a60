"""The steps that answer requests for our own routes, by the names that the table has for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import IO

from msgspec import Struct

from clace.model import AppResponse
from clace.web.login.flow import SignInFlow
from clace.web.login.heads import AskingHead
from clace.web.login.leaving import SignOutFlow

ReadBody = Callable[[], Awaitable[IO[bytes]]]
"""Reads the body of a request, which the client may not have sent yet.

:raises TooLarge: if it is larger than its row allows.
:raises BadRequest: if it has no length.
"""


class OurRequest(Struct, frozen=True, kw_only=True):
    """A request for a route of ours: its head, the segment in place of ``{way}``, its fields.

    ``query`` is the query string as it came, and ``form`` the fields of the body; of a row without
    a form, ``body`` reads it.
    """

    head: AskingHead
    way: str
    query: bytes
    parameters: Mapping[str, str]
    form: Mapping[str, str]
    body: ReadBody

    @property
    def fields(self) -> Mapping[str, str]:
        """The form of a request that has one, or else the query."""
        return self.form if self.head.method == "POST" else self.parameters


Step = Callable[[OurRequest], Awaitable[AppResponse]]


def sign_in_steps(
    flow: SignInFlow, leaving: SignOutFlow, keys: Callable[[], Awaitable[AppResponse]]
) -> dict[str, Step]:
    """The steps of signing in and out, and of the keys of identity tokens."""
    return {
        "identity_keys": lambda _: keys(),
        "sign_in_page": lambda asked: flow.page(asked.parameters.get("state", ""), asked.head),
        "complete": lambda asked: flow.complete(asked.parameters.get("state", ""), asked.head),
        "choose_provider": lambda asked: flow.leave(asked.parameters.get("state", ""), asked.way),
        "password": lambda asked: flow.password(asked.way, asked.form, asked.head),
        "arrive": lambda asked: flow.arrive(asked.way, asked.fields, asked.head),
        "sign_out_page": lambda asked: leaving.page(asked.parameters, asked.head),
        "sign_out": lambda asked: leaving.sign_out(asked.form, asked.head),
        "sign_out_of": lambda asked: leaving.sign_out_of(asked.way, asked.head),
        "ended_elsewhere": lambda asked: leaving.ended_elsewhere(asked.way, asked.form, asked.head),
        "single_sign_out": lambda asked: leaving.single(
            asked.way, asked.fields, asked.query, asked.head
        ),
        "metadata": lambda asked: leaving.metadata(asked.way),
    }
