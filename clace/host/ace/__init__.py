"""Names that apps find beside the language: ``ace``, requests, responses, entries."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.host.ace.checks import want as want, want_all as want_all
    from clace.host.ace.description import Functions as Functions, describe as describe
    from clace.host.ace.entries import documents as documents
    from clace.host.ace.module import ace_module as ace_module
    from clace.host.ace.responses import PluginResponse as PluginResponse, shaped as shaped
    from clace.host.ace.values import (
        AceValue as AceValue,
        plain as plain,
        plain_for_json as plain_for_json,
        readable as readable,
    )
else:
    __getattr__ = face(
        __name__,
        checks=("want", "want_all"),
        description=("Functions", "describe"),
        entries=("documents",),
        module=("ace_module",),
        responses=("PluginResponse", "shaped"),
        values=("AceValue", "plain", "plain_for_json", "readable"),
    )
