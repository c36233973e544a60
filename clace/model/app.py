"""An installed app as the store keeps it and the admin API shows it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from clace.model.paths import AppPath

STATIC_FROM_DISK = "static_from_disk"
STATIC_DISK = "static_disk"
"""The spec of a site that has the setting."""
_IMAGE = "image"
NO_LOGIN = "-"
"""The ``git_auth_name`` of a version that has none."""
NEVER = datetime(1, 1, 1, tzinfo=UTC)


class AppKind(StrEnum):
    """The purpose of an app; the value is the prefix of its id."""

    DEV = "app_dev_"
    PROD = "app_prd_"
    STAGING = "app_stg_"
    PREVIEW = "app_pre_"


class ArgumentConstraint(Struct, frozen=True, omit_defaults=True):
    """The values that a parameter may have, literally or after ``regex:``.

    With ``key`` it is a dict, may have no keys that are not named so, and under this one has this.
    """

    name: str
    value: str
    key: str = ""


class Permission(Struct, frozen=True, omit_defaults=True):
    """One thing an app asks to be allowed: a plugin's function, with leading arguments.

    ``permit`` names what a user must hold one of; ``kwargs`` are sorted, as ``permit`` is, so that
    equal permissions are one.
    """

    plugin: str
    method: str
    # The first three are in the JSON of 2025 and always written; what came later only if it is set.
    arguments: tuple[str, ...] = field(default_factory=lambda: ())
    is_read: bool | None = field(default_factory=lambda: None)
    secrets: tuple[tuple[str, ...], ...] = field(default_factory=lambda: ())
    permit: tuple[str, ...] = ()
    kwargs: tuple[ArgumentConstraint, ...] = ()


class AccountLink(Struct, frozen=True):
    """The account an app uses where it loads ``plugin``: its name, or that of its section."""

    plugin: str
    account_name: str

    @property
    def section(self) -> str:
        """The section of the configuration: ``x.in#account``, or ``x.in`` itself."""
        plain = self.plugin.partition("#")[0]
        if self.account_name == plain or self.account_name.startswith(f"{plain}#"):
            return self.account_name
        return f"{plain}#{self.account_name}"


class Demands(Struct, frozen=True):
    """All that an app loads and asks to be allowed, as its source declares it."""

    loads: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()

    def missing_from(self, approved: Demands) -> Demands:
        """Return the entries that are not approved; order and repetition do not count."""
        return Demands(
            tuple(load for load in dict.fromkeys(self.loads) if load not in approved.loads),
            tuple(p for p in dict.fromkeys(self.permissions) if p not in approved.permissions),
        )

    def granted_by(self, approved: Demands) -> Demands:
        """The part of this that is approved."""
        return Demands(
            tuple(load for load in self.loads if load in approved.loads),
            tuple(p for p in self.permissions if p in approved.permissions),
        )

    def __bool__(self) -> bool:
        return bool(self.loads or self.permissions)


class VersionMetadata(Struct, frozen=True):
    version: int = 0
    previous_version: int = 0
    git_branch: str = ""
    git_commit: str = ""
    git_message: str = ""
    apply_info: str = ""


class AppMetadata(Struct, frozen=True):
    """The versioned part of an app: its source's revision, what was approved, its accounts, the
    values of its params and its own settings, each as the operator wrote it.

    ``spec`` names the kind of app that fills in the files which its source lacks, and
    ``recognised_spec`` the one that its files told, where an operator named none. ``pins`` fix what
    its program is built of, by name: the text of a lock, the digest of an image. ``authn_type`` and
    ``git_auth_name`` are empty, or what the settings become with this version.
    """

    name: str = ""
    version_metadata: VersionMetadata = VersionMetadata()
    loads: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    accounts: tuple[AccountLink, ...] = ()
    param_values: dict[str, str] = {}
    appconfig: dict[str, str] = {}
    spec: str = ""
    recognised_spec: str = ""
    container_options: dict[str, str] = {}
    container_args: dict[str, str] = {}
    container_volumes: tuple[str, ...] = ()
    pins: dict[str, str] = {}
    authn_type: str = ""
    git_auth_name: str = ""

    def link_of(self, plugin: str) -> AccountLink | None:
        """Return the account linked to exactly this name."""
        return next((link for link in self.accounts if link.plugin == plugin), None)

    def with_files_of(self, spec: str) -> AppMetadata:
        """The same for files that a spec has filled in, or none has; it was recognised unless an
        operator named it. A dev app keeps the one that was recognised first.
        """
        kept = self.recognised_spec if self.recognised_spec == self.spec else ""
        return replace(self, recognised_spec=kept if self.spec else spec)

    def with_spec(self, spec: str) -> AppMetadata:
        """The same with the spec that an operator names; an empty one lets the files tell."""
        return replace(self, spec=spec, recognised_spec="")

    @property
    def filled_by(self) -> str:
        """The spec that filled in the files, named or recognised; empty if none has."""
        return self.spec or self.recognised_spec

    @property
    def for_new_images(self) -> AppMetadata:
        """The same, for a version that is made anew: an image that is named is looked up again."""
        fixed = dict(self.image_pins)
        kept = {name: text for name, text in self.pins.items() if name not in fixed}
        return replace(self, pins=kept) if fixed else self

    @property
    def image_pins(self) -> tuple[tuple[str, str], ...]:
        """Return what fixes the image of the app's container."""
        return tuple(sorted(pin for pin in self.pins.items() if pin[0].startswith(_IMAGE)))

    @property
    def stays_on_disk(self) -> bool:
        """Return true if the files of the app are served from their folder and not stored."""
        said = self.appconfig.get(STATIC_FROM_DISK, "").strip() == "true"
        return said or self.spec == STATIC_DISK

    @property
    def approved(self) -> Demands:
        return Demands(self.loads, self.permissions)

    def granting(self, approved: Demands) -> AppMetadata:
        """The same with exactly this approved."""
        return replace(self, loads=approved.loads, permissions=approved.permissions)

    def without(self, dropped: Demands) -> AppMetadata:
        """The same without these approvals; itself if it has none of them."""
        kept = self.approved.missing_from(dropped)
        lost = self.approved.granted_by(dropped)
        return self.granting(kept) if lost else self


class AppSettings(Struct, frozen=True):
    """The part of an app that has no versions and takes effect at once.

    A preview is deleted at its ``expire_time``, if it has one. ``applied_from`` names the file of
    declarations that the app is from, empty for an app that was installed by hand. A staging app on
    a host of its own has the domain of its production app in ``main_domain``.
    """

    authn_type: str = "default"
    git_auth_name: str = ""
    stage_write_access: bool = True
    preview_write_access: bool = True
    expire_time: datetime | None = None
    applied_from: str = ""
    main_domain: str | None = None

    def kept_in(self, metadata: AppMetadata) -> AppMetadata:
        """Return a version that remembers these settings, as far as it had none of its own."""
        return replace(
            metadata,
            authn_type=metadata.authn_type or self.authn_type,
            git_auth_name=metadata.git_auth_name or self.git_auth_name or NO_LOGIN,
        )

    def following(self, metadata: AppMetadata) -> AppSettings:
        """Return the settings of an app that comes to have this version."""
        git_auth = metadata.git_auth_name or self.git_auth_name
        return replace(
            self,
            authn_type=metadata.authn_type or self.authn_type,
            git_auth_name="" if git_auth == NO_LOGIN else git_auth,
        )


class App(Struct, frozen=True):
    """An app; ``main_app`` is the id of the production app of a staging twin, else empty."""

    id: str
    path: str
    domain: str = ""
    main_app: str = ""
    source_url: str = ""
    is_dev: bool = False
    user_id: str = "admin"
    create_time: datetime = NEVER
    update_time: datetime = NEVER
    settings: AppSettings = AppSettings()
    metadata: AppMetadata = AppMetadata()

    @property
    def address(self) -> AppPath:
        return AppPath(self.path, self.domain)

    @property
    def main_address(self) -> AppPath:
        """The address that rights on the app are about: of a staging app its production app's."""
        domain = self.settings.main_domain
        if self.main_app and domain is not None:
            return AppPath(self.path, domain)
        return self.address.production if self.main_app else self.address

    @property
    def kind(self) -> AppKind:
        return AppKind(self.id[:8])

    @property
    def may_write(self) -> bool:
        """Return true unless it is a staging or preview app that is kept from changing anything."""
        settings = self.settings
        if settings.stage_write_access and settings.preview_write_access:
            return True
        match self.kind:
            case AppKind.STAGING:
                return self.settings.stage_write_access
            case AppKind.PREVIEW:
                return self.settings.preview_write_access
            case _:
                return True

    @property
    def version(self) -> int:
        return self.metadata.version_metadata.version

    def __str__(self) -> str:
        return str(self.address)


class FileRef(Struct, frozen=True, rename={"name": "Name", "sha256": "Etag", "size": "Size"}):
    """A file of a version: its name in the source, the SHA-256 of its bytes in hex, its size."""

    name: str
    sha256: str
    size: int = 0

    @classmethod
    def of(cls, name: str, content: bytes) -> FileRef:
        return cls(name, hashlib.sha256(content).hexdigest(), len(content))


class PluginManifest(Struct, frozen=True):
    """A plugin's offer to apps: its functions (``True``: only reads) and constants.

    ``declaring`` functions may be called while the app loads: they are performed when it is loaded,
    and what they return is for the server.
    """

    name: str
    functions: dict[str, bool] = field(default_factory=dict)
    constants: dict[str, str | int] = field(default_factory=dict)
    declaring: tuple[str, ...] = ()
