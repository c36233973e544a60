"""Arguments in errors: repeated whole or not at all.

A secret in it is only known for one as a whole: a piece that was cut off would be told to the app.
"""

from __future__ import annotations

import json

_MOST = 200


def shown(text: str) -> str:
    """The text, if an error can repeat it."""
    return text if len(text) <= _MOST else "(too long to be shown)"


def quoted(text: str) -> str:
    """The text between quotes, without characters that cannot be seen."""
    return json.dumps(shown(text), ensure_ascii=False)
