"""The sections of a configuration, with their defaults; ``etc/clace.toml`` explains each key.

Annotations are values here and no texts: every command reads them all, and evaluating a hundred
texts takes longer than the rest of reading.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

from msgspec import Meta, Struct, field

from clace.config import rules

DAY = 86_400
Port = Annotated[int, Meta(ge=-1, le=65_535)]
Flag = Annotated[bool, Meta(description="true or false")]
Text = Annotated[str, Meta(pattern=rules.PRINTABLE, description="a text")]
Host = Annotated[str, rules.filled("an address or host name")]
Secret = Annotated[str, Meta(pattern=rules.PRINTABLE, description="a text", extra=rules.SECRET)]
PrivateKey = Annotated[str, Meta(pattern=rules.LINES, description="a text", extra=rules.SECRET)]
Place = Annotated[Path, rules.path()]
OptionalPlace = Annotated[Path | None, rules.optional_path()]
Database = Annotated[str, rules.database()]
Seconds = Annotated[int, Meta(ge=1, le=DAY)]
Format = Annotated[Literal["basic", "table", "csv", "json", "jsonl", "jsonl_pretty"], Meta()]
HeaderName = Annotated[
    str, Meta(pattern=rules.HEADER, description="the name of a header such as X-User")
]
HeaderCopy = Annotated[
    str,
    Meta(
        pattern=rules.HEADER_COPY,
        description="the name of a header such as X-User, or two such as X-User>Remote-User",
    ),
]
LEVELS = ("ERROR", "WARN", "INFO", "DEBUG", "TRACE")
Account = NewType("Account", str)
"""The name of an account of a plugin: what follows the ``#`` in the name of its section."""
OtherName = NewType("OtherName", str)
"""The name of a plugin that comes in a package, with an account or without."""


class Client(Struct, frozen=True):
    """Settings of the ``clace`` command: the server it talks to, and how."""

    admin_password: Secret = ""
    token: Secret = ""
    skip_cert_check: Flag = False
    ca_file: OptionalPlace = None
    default_format: Format = "basic"


class HTTPLimits(Struct, frozen=True):
    """Limits on clients, on every listener; times are in seconds."""

    max_connections: Annotated[int, Meta(ge=0, le=1_000_000)] = 4096
    max_connections_per_address: Annotated[int, Meta(ge=0, le=1_000_000)] = 256
    max_header_kb: Annotated[int, Meta(ge=1, le=1024)] = 16
    max_header_count: Annotated[int, Meta(ge=10, le=10_000)] = 100
    max_url_kb: Annotated[int, Meta(ge=1, le=1024)] = 8
    header_secs: Seconds = 20
    idle_secs: Seconds = 40
    body_secs: Seconds = 20
    min_bytes_per_sec: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1024
    stall_secs: Seconds = 30
    linger_secs: Seconds = 30
    max_waiting_answers_mb: Annotated[int, Meta(ge=1, le=1_048_576)] = 32


class HTTP(Struct, frozen=True):
    host: Host = "127.0.0.1"
    port: Port = 25222
    redirect_to_https: Flag = False
    limits: HTTPLimits = HTTPLimits()


class HTTPS(Struct, frozen=True):
    host: Host = "0.0.0.0"  # noqa: S104
    port: Port = 25223
    enable_cert_lookup: Flag = True
    cert_location: Place = Path("$CL_HOME/config/certificates")
    disable_client_certs: Flag = True


class Listen(Struct, frozen=True, kw_only=True):
    """A listener besides the usual ones."""

    endpoint: Annotated[str, rules.endpoint()]
    serve: Annotated[Literal["apps", "admin"], Meta()] = "apps"


class Security(Struct, frozen=True):
    admin_over_tcp: Flag = False
    admin_hosts: Annotated[
        tuple[str, ...], rules.array(Annotated[str, rules.filled("a host name")])
    ] = ()
    admin_password_bcrypt: Annotated[
        str,
        Meta(
            pattern=rules.BCRYPT,
            description='a bcrypt hash as "clace password" prints it',
            extra=rules.SECRET,
        ),
    ] = ""
    app_default_auth_type: Annotated[str, rules.text_or("system")] = "system"
    auth_required: Flag = False
    disable_login_form: Flag = False
    auth_callback_domain: Annotated[
        str, rules.filled("a host name, or the beginning of one with its dot, such as auth.")
    ] = "auth."
    session_max_age: Annotated[int, Meta(ge=60, le=365 * DAY)] = DAY
    sso_recheck_mins: Annotated[int, Meta(ge=1, le=1440)] = 15
    session_idle: Annotated[int, Meta(ge=0, le=365 * DAY)] = 8 * 3600
    session_https_only: Flag = True
    shared_host: Annotated[Literal["warn", "refuse"], Meta()] = "warn"
    callback_url: Annotated[str, rules.optional_origin()] = ""
    default_git_auth: Text = ""
    stage_enable_write_access: Flag = True
    preview_enable_write_access: Flag = True
    require_second_factor: Flag = False
    sandbox: Annotated[Literal["required", "best_effort"], Meta()] = "best_effort"
    process_wall: Annotated[Literal["strong", "weak"], Meta()] = "strong"
    trusted_proxies: Annotated[tuple[str, ...], rules.array(rules.proxy())] = ()
    allowed_mounts: Annotated[tuple[Path, ...], rules.array(rules.path())] = (
        Path("$CL_HOME/mounts"),
    )
    allowed_container_args: Mapping[str, Text] = field(default_factory=dict)


class Logging(Struct, frozen=True):
    level: Annotated[str, rules.one_of(*LEVELS, tidy=str.upper)] = "INFO"
    file: Flag = True
    console: Flag = False
    access_logging: Flag = True
    max_size_mb: Annotated[int, Meta(ge=1, le=10_000)] = 50
    max_backups: Annotated[int, Meta(ge=0, le=1_000)] = 10


class Metadata(Struct, frozen=True):
    db_connection: Database = "sqlite:$CL_HOME/metadata/clace_metadata.db"
    audit_db_connection: Database = "sqlite:$CL_HOME/metadata/clace_audit.db"
    auto_upgrade: Flag = True
    ignore_higher_version: Flag = False


class System(Struct, frozen=True):
    default_domain: Host = "localhost"
    stage_at: Annotated[
        str, Meta(pattern=r"^\S+$", description="path, domain, or the name of a host")
    ] = "path"
    default_stage_domain: Annotated[
        str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", description="a part of a host name")
    ] = "stage"
    fallback_unknown_domains: Flag = False
    forward_auth_timeout_secs: Annotated[int, Meta(ge=1, le=600)] = 30
    file_watcher_debounce_millis: Annotated[int, Meta(ge=0, le=60_000)] = 300
    http_event_retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 90
    non_http_event_retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 180
    audit_events_per_minute: Annotated[int, Meta(ge=0, le=1_000_000)] = 120
    audit_max_size_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 1024
    allowed_env: Annotated[
        tuple[str, ...], rules.array(Annotated[str, rules.filled("the name of a variable")])
    ] = ("HOME", "CL_HOME", "PATH")
    git_operation_timeout_secs: Annotated[int, Meta(ge=0, le=DAY)] = 600
    git_config: OptionalPlace = None
    git_remote_check_interval_secs: Annotated[int, Meta(ge=0, le=DAY)] = 0
    git_cache_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 512
    default_schedule_mins: Annotated[int, Meta(ge=1, le=527_040)] = 15
    max_sync_failure_count: Annotated[int, Meta(ge=1, le=1_000)] = 5
    container_command: Annotated[
        str,
        Meta(
            pattern=r"^\S*$",
            description="auto, or a program",
        ),
    ] = "auto"
    max_concurrent_builds: Annotated[int, Meta(ge=1, le=100)] = 1
    max_build_wait_secs: Seconds = 120
    stale_container_cleanup_interval_mins: Annotated[int, Meta(ge=0, le=10_080)] = 5


class Audit(Struct, frozen=True):
    reads: Flag = False


class Restart(Struct, frozen=True):
    drain_timeout_secs: Annotated[int, Meta(ge=0, le=DAY)] = 30


class AppLimits(Struct, frozen=True):
    """Limits of the process that runs an app: those of all apps, or of one by its own settings."""

    memory_mb: Annotated[int, Meta(ge=64, le=1_048_576)] = 512
    request_timeout_secs: Seconds = 60
    start_timeout_secs: Seconds = 10
    max_cpu_secs: Annotated[int, Meta(ge=0, le=100_000)] = 90
    max_waiting: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    max_wait_secs: Seconds = 10
    max_response_mb: Annotated[int, Meta(ge=1, le=60)] = 32
    max_plugin_calls: Annotated[int, Meta(ge=1, le=100_000_000)] = 10_000
    max_log_lines: Annotated[int, Meta(ge=0, le=1_000_000)] = 1_000
    idle_secs: Annotated[int, Meta(ge=1, le=30 * DAY)] = 600


class Sandbox(AppLimits, frozen=True):
    """Limits of the processes that run apps, of each and of all together."""

    max_hosts: Annotated[int, Meta(ge=1, le=10_000)] = 64
    total_memory_mb: Annotated[int, Meta(ge=0, le=104_857_600)] = 0
    uid_base: Annotated[int, Meta(ge=1, le=4_294_000_000)] = 2_100_000_000
    uid_count: Annotated[int, Meta(ge=0, le=100_000)] = 10_000
    program_uid_base: Annotated[int, Meta(ge=1, le=4_294_000_000)] = 2_000_000_000
    program_uid_count: Annotated[int, Meta(ge=1, le=10_000_000)] = 1_000_000
    program_stop_secs: Annotated[int, Meta(ge=0, le=600)] = 10
    max_request_body_mb: Annotated[int, Meta(ge=1, le=60)] = 32


class Python(Struct, frozen=True):
    """Packages of apps that are Python programs: where they come from, and what a build may take.

    A host of ``allowed_hosts`` may have a port behind a colon.
    """

    index_url: Annotated[str, rules.optional_http_url()] = "https://pypi.org/simple"
    index_user: Text = ""
    index_password: Secret = ""
    allowed_hosts: Annotated[
        tuple[str, ...],
        rules.array(
            Annotated[str, Meta(pattern=rules.HOST_AND_PORT, description="a host, or HOST:PORT")]
        ),
    ] = ("files.pythonhosted.org",)
    find_links: Annotated[
        tuple[str, ...], rules.array(Annotated[str, rules.filled("a folder or an URL")])
    ] = ()
    ca_file: OptionalPlace = None
    offline: Flag = False
    build_timeout_secs: Seconds = 600
    build_memory_mb: Annotated[int, Meta(ge=128, le=1_048_576)] = 2048
    cache_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 2048


Arguments = Annotated[
    tuple[str, ...], rules.array(Annotated[str, rules.filled("an argument such as --runtime=runc")])
]


class Containers(Struct, frozen=True):
    """The engine of containers: arguments that come before each of its commands, after ``run`` and
    after ``build``, what holds for every container, and whether images that the server pulled stay.
    """

    engine_args: Arguments = ()
    run_args: Arguments = ()
    build_args: Arguments = ()
    build_timeout_secs: Seconds = 1800
    read_only: Flag = True
    stop_secs: Annotated[int, Meta(ge=0, le=600)] = 3
    keep_pulled_images: Flag = False


Names = Annotated[
    tuple[str, ...], rules.array(Annotated[str, rules.filled("a text that is not empty")])
]


class RoleGrant(Struct, frozen=True, kw_only=True):
    """Roles for users, on targets."""

    description: Text = ""
    users: Names
    roles: Names
    targets: Names = ()


class Roles(Struct, frozen=True, kw_only=True):
    """Groups of users, roles of permissions, and grants of roles to users on apps."""

    enabled: Flag = False
    allow_lockout: Flag = False
    groups: Mapping[str, Names] = field(default_factory=dict)
    roles: Mapping[str, Names] = field(default_factory=dict)
    owner_permissions: Mapping[str, Names] = field(default_factory=dict)
    grants: tuple[RoleGrant, ...] = ()


class GitAuth(Struct, frozen=True):
    """A login at a git server: a way to sign in over SSH, or a user and password."""

    user_id: Text = ""
    key_file_path: OptionalPlace = None
    private_key: PrivateKey = ""
    agent_socket: OptionalPlace = None
    known_hosts_path: OptionalPlace = None
    password: Secret = ""


class OAuth(Struct, frozen=True):
    """A provider of sign-ins; the section's name begins with its kind."""

    key: Text = ""
    secret: Secret = ""
    org_url: Annotated[str, rules.optional_web_url()] = ""
    domain: Annotated[str, rules.optional_name_of_host()] = ""
    discovery_url: Annotated[str, rules.optional_web_url()] = ""
    hosted_domain: Text = ""
    scopes: Annotated[tuple[str, ...], rules.array(Annotated[str, rules.filled("a scope")])] = ()


class Saml(Struct, frozen=True):
    """A SAML provider; its metadata is at an URL or in a file."""

    metadata_url: Annotated[str, rules.optional_web_url()] = ""
    metadata_file: OptionalPlace = None
    groups_attr: Text = ""
    use_post: Flag = False
    force_authn: Flag = False
    sp_key_file: Annotated[str, rules.key_file()] = ""
    sp_cert_file: OptionalPlace = None


class ClientAuth(Struct, frozen=True):
    """Authorities whose certificates prove who a client is, and the certificates they took back."""

    ca_cert_file: OptionalPlace = None
    crl_file: OptionalPlace = None


class Forward(Struct, frozen=True):
    """A server that is asked about each request to an app."""

    auth_url: Annotated[str, rules.optional_http_url()] = ""
    forward_headers: Annotated[tuple[str, ...], rules.array(HeaderName)] = ()
    copy_response_headers: Annotated[tuple[str, ...], rules.array(HeaderCopy)] = ()


class BuiltinUser(Struct, frozen=True, kw_only=True):
    """A user whom this server knows itself."""

    password: Annotated[
        str,
        Meta(
            pattern=rules.HASH,
            description='a bcrypt hash as "clace password" prints it',
            extra=rules.SECRET,
        ),
    ]
    groups: Annotated[
        tuple[str, ...], rules.array(Annotated[str, rules.filled("the name of a group")])
    ] = ()


class SecretProvider(Struct, frozen=True):
    """A provider of secrets; the first word of the section's name decides which keys count."""

    keys_printf: Annotated[
        str,
        Meta(
            pattern=rules.PRINTF, description="a text with %s for each key, %% for a percent sign"
        ),
    ] = ""
    file_name: OptionalPlace = None
    address: Text = ""
    token: Secret = ""
    namespace: Text = ""
    ca_file: OptionalPlace = None
    profile: Text = ""
    region: Text = ""
    endpoint: Text = ""
    key: Annotated[str, rules.key_source()] = "auto"


class FileAccess(Struct, frozen=True):
    file_access: Annotated[tuple[Path, ...], rules.array(rules.path())] = (
        Path("$TEMPDIR"),
        Path("/tmp"),  # noqa: S108
    )
    retain_versions: Annotated[int, Meta(ge=-1, le=1_000_000)] = 5


class Cors(Struct, frozen=True):
    """Cross-origin access for pages of other sites; off while ``allow_origin`` is empty."""

    allow_origin: Text = ""
    allow_methods: Text = "*"
    allow_headers: Text = (
        "DNT,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,"
        "Authorization,X-Requested-With"
    )
    allow_credentials: Annotated[bool, rules.lenient_boolean()] = False
    max_age: Annotated[int, rules.lenient_integer(0, 365 * DAY)] = 2_678_400


class AppAudit(Struct, frozen=True):
    redact_url: Flag = False
    skip_http_events: Flag = False


class AppSecurity(Struct, frozen=True):
    headers_level: Annotated[int, rules.floor_of(0, 2, 5, 10)] = 2
    disable_csrf_protection: Flag = False
    identity_token: Annotated[Literal["proxied", "always", "never"], Meta()] = "proxied"  # noqa: S105
    api_tokens: Flag = False
    default_secrets_provider: Annotated[str, rules.filled("the name of a secret provider")] = "env"


class AppProxy(Struct, frozen=True):
    """Limits on what is passed on to the servers of apps; times are in seconds."""

    max_idle_conns: Annotated[int, Meta(ge=0, le=100_000)] = 250
    idle_conn_timeout_secs: Seconds = 15
    rewrite_location: Flag = True
    max_request_body_mb: Annotated[int, Meta(ge=1, le=1_048_576)] = 1024
    connect_timeout_secs: Seconds = 10
    idle_timeout_secs: Seconds = 300
    upgrade_idle_timeout_secs: Seconds = 3600


class AppContainer(Struct, frozen=True):
    """The life of the programs of apps, containers and processes alike; times are in seconds."""

    health_url: Annotated[
        str, Meta(pattern="^/[!-~]*$", max_length=1024, description="a path that begins with /")
    ] = "/"
    health_attempts_after_startup: Annotated[int, Meta(ge=1, le=10_000)] = 30
    health_timeout_secs: Seconds = 5
    status_check_interval_secs: Annotated[int, Meta(ge=0, le=DAY)] = 20
    status_health_attempts: Annotated[int, Meta(ge=1, le=10_000)] = 10
    start_wait_secs: Seconds = 60
    drain_timeout_secs: Annotated[int, Meta(ge=0, le=DAY)] = 30
    idle_shutdown_secs: Annotated[int, Meta(ge=0, le=30 * DAY)] = 180
    idle_shutdown_dev_apps: Flag = False
    idle_bytes_high_watermark: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1500
    recycle_after_secs: Annotated[int, Meta(ge=0, le=365 * DAY)] = 0
    recycle_memory_mb: Annotated[int, Meta(ge=0, le=1_048_576)] = 0


class AppConfig(Struct, frozen=True):
    """Defaults for every app that does not say otherwise; the keys are dotted."""

    fs: FileAccess = FileAccess()
    cors: Cors = Cors()
    audit: AppAudit = AppAudit()
    security: AppSecurity = AppSecurity()
    proxy: AppProxy = AppProxy()
    container: AppContainer = AppContainer()


class AppSection(AppConfig, frozen=True):
    """Settings of one app; limits it does not set are the server's ``[sandbox]``.

    ``static_from_disk`` is of the app alone: it is decided when the app is created.
    """

    static_from_disk: Flag = False
    sandbox: AppLimits = AppLimits()


class ExecPlugin(Struct, frozen=True):
    """``exec.in`` has nothing to configure yet."""


class HTTPPlugin(Struct, frozen=True):
    """Private hosts and networks that ``http.in`` may call when an app's permission covers it."""

    allow_hosts: Annotated[
        tuple[str, ...],
        rules.array(Annotated[str, rules.filled("a host name, address or network")]),
    ] = ()


class FSPlugin(Struct, frozen=True):
    """``fs.in`` has nothing to configure yet; see ``app_config.fs.file_access``."""


class StorePlugin(Struct, frozen=True):
    """The place of the documents of apps, the apps that share them, and the space for each app."""

    db_connection: Annotated[str, rules.database(postgres=True)] = (
        "sqlite:$CL_HOME/metadata/clace_app_store.db"
    )
    share_with_staging: Flag = False
    max_mb_per_app: Annotated[int, Meta(ge=1, le=1_000_000)] = 1024


PackagePlugin = Annotated[
    str, Meta(pattern=rules.PLUGIN, description="the name of a plugin such as greet.in")
]


class PluginPackages(Struct, frozen=True):
    """Plugins of installed packages that are used; their code runs in the server."""

    enabled: Annotated[tuple[str, ...], rules.array(PackagePlugin)] = ()


_PLUGIN_NAMES = {
    name + suffix: f"{name}.in{mark}"
    for name in ("exec", "http", "fs", "store")
    for suffix, mark in (("", ""), ("_accounts", "#"))
} | {"others": ""}


class PluginSections(Struct, frozen=True, rename=_PLUGIN_NAMES):
    """Plugins with their accounts, ``[plugin."http.in#account"]``; ``others`` are of packages."""

    exec: ExecPlugin = ExecPlugin()
    http: HTTPPlugin = HTTPPlugin()
    fs: FSPlugin = FSPlugin()
    store: StorePlugin = StorePlugin()
    exec_accounts: Mapping[Account, ExecPlugin] = field(default_factory=dict)
    http_accounts: Mapping[Account, HTTPPlugin] = field(default_factory=dict)
    fs_accounts: Mapping[Account, FSPlugin] = field(default_factory=dict)
    store_accounts: Mapping[Account, StorePlugin] = field(default_factory=dict)
    others: Mapping[OtherName, Annotated[Any, rules.json_value()]] = field(default_factory=dict)


class Settings(Struct, frozen=True, kw_only=True):
    """All that a file can say."""

    server_uri: Annotated[str, rules.server_uri()] = "$CL_HOME/run/clace.sock"
    admin_user: Text = "admin"
    client: Client = Client()
    http: HTTP = HTTP()
    https: HTTPS = HTTPS()
    listen: tuple[Listen, ...] = ()
    security: Security = Security()
    logging: Logging = Logging()
    metadata: Metadata = Metadata()
    system: System = System()
    audit: Audit = Audit()
    restart: Restart = Restart()
    sandbox: Sandbox = Sandbox()
    python: Python = Python()
    container: Containers = Containers()
    rbac: Roles = Roles()
    git_auth: Mapping[str, GitAuth] = field(default_factory=dict)
    auth: Mapping[str, OAuth] = field(default_factory=dict)
    saml: Mapping[str, Saml] = field(default_factory=dict)
    client_auth: Mapping[str, ClientAuth] = field(default_factory=dict)
    forward: Mapping[str, Forward] = field(default_factory=dict)
    builtin_auth: Mapping[str, BuiltinUser] = field(default_factory=dict)
    secret: Mapping[str, SecretProvider] = field(default_factory=dict)
    node_config: Mapping[str, Annotated[Any, rules.json_value()]] = field(default_factory=dict)
    app_config: AppConfig = AppConfig()
    plugins: PluginPackages = PluginPackages()
    plugin: PluginSections = PluginSections()
