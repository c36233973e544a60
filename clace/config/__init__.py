"""TOML -> frozen ``Config``; every refusal names file, key and what was expected.

Here is what every command needs; what few do is in its own module, for it takes its time to import.
"""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.config.apps import AppConfigs as AppConfigs
    from clace.config.changes import changed_keys as changed_keys
    from clace.config.discovery import (
        FILE_NAME as FILE_NAME,
        Location as Location,
        NoHome as NoHome,
        find as find,
    )
    from clace.config.editing import with_value as with_value
    from clace.config.exposure import plain_secrets as plain_secrets
    from clace.config.filling import (
        values_with_secrets as values_with_secrets,
        with_secrets as with_secrets,
    )
    from clace.config.loading import (
        Config as Config,
        known_names as known_names,
        load as load,
        node_values as node_values,
    )
    from clace.config.named_files import unreadable as unreadable
    from clace.config.named_places import missing_folders as missing_folders, unusable as unusable
    from clace.config.other_proofs import RANDOM_KEY as RANDOM_KEY
    from clace.config.places import (
        Origin as Origin,
        Steps as Steps,
        dotted as dotted,
        header_text as header_text,
        section_of as section_of,
    )
    from clace.config.roles import policy_of as policy_of
    from clace.config.rules import is_safe_url as is_safe_url
    from clace.config.sections import (
        AppConfig as AppConfig,
        AppContainer as AppContainer,
        AppLimits as AppLimits,
        AppProxy as AppProxy,
        AppSection as AppSection,
        FSPlugin as FSPlugin,
        Forward as Forward,
        HTTPPlugin as HTTPPlugin,
        OAuth as OAuth,
        Saml as Saml,
        Sandbox as Sandbox,
        StorePlugin as StorePlugin,
    )
    from clace.config.shipped import shipped_text as shipped_text
    from clace.config.showing import Shown as Shown, effective as effective
    from clace.config.writing import write_toml as write_toml
else:
    __getattr__ = face(
        __name__,
        apps=("AppConfigs",),
        changes=("changed_keys",),
        discovery=("FILE_NAME", "Location", "NoHome", "find"),
        editing=("with_value",),
        exposure=("plain_secrets",),
        filling=("values_with_secrets", "with_secrets"),
        loading=("Config", "known_names", "load", "node_values"),
        named_files=("unreadable",),
        named_places=("missing_folders", "unusable"),
        other_proofs=("RANDOM_KEY",),
        places=("Origin", "Steps", "dotted", "header_text", "section_of"),
        roles=("policy_of",),
        rules=("is_safe_url",),
        sections=(
            "AppConfig",
            "AppContainer",
            "AppLimits",
            "AppProxy",
            "AppSection",
            "FSPlugin",
            "Forward",
            "HTTPPlugin",
            "OAuth",
            "Saml",
            "Sandbox",
            "StorePlugin",
        ),
        shipped=("shipped_text",),
        showing=("Shown", "effective"),
        writing=("write_toml",),
    )
