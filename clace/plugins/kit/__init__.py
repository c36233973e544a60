"""The parts that plugins are made of; authors of plugins import them from here."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.kit.definition import (
        CURSOR as CURSOR,
        CallFailed as CallFailed,
        Document as Document,
        Function as Function,
        Invocation as Invocation,
        ItemStream as ItemStream,
        Items as Items,
        NoParameters as NoParameters,
        Output as Output,
        Plugin as Plugin,
    )
    from clace.plugins.kit.lines import (
        Lines as Lines,
        check_lines as check_lines,
        parsed_lines as parsed_lines,
    )
    from clace.plugins.kit.resources import Resources as Resources
    from clace.plugins.kit.showing import quoted as quoted, shown as shown
    from clace.plugins.kit.temp_files import (
        APP as APP,
        ServedFile as ServedFile,
        TempFiles as TempFiles,
        USER as USER,
    )
else:
    __getattr__ = face(
        __name__,
        definition=(
            "CURSOR",
            "CallFailed",
            "Document",
            "Function",
            "Invocation",
            "ItemStream",
            "Items",
            "NoParameters",
            "Output",
            "Plugin",
        ),
        lines=("Lines", "check_lines", "parsed_lines"),
        resources=("Resources",),
        showing=("quoted", "shown"),
        temp_files=("APP", "ServedFile", "TempFiles", "USER"),
    )
