"""Frozen values that every room may speak of; no I/O."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.model import deeds as deeds
    from clace.model.admin_endpoints import problem_of_admin as problem_of_admin
    from clace.model.app import (
        AccountLink as AccountLink,
        App as App,
        AppKind as AppKind,
        AppMetadata as AppMetadata,
        AppSettings as AppSettings,
        ArgumentConstraint as ArgumentConstraint,
        Demands as Demands,
        FileRef as FileRef,
        NEVER as NEVER,
        Permission as Permission,
        PluginManifest as PluginManifest,
        STATIC_FROM_DISK as STATIC_FROM_DISK,
        VersionMetadata as VersionMetadata,
    )
    from clace.model.audit_filter import (
        AuditEntry as AuditEntry,
        AuditFault as AuditFault,
        AuditFilter as AuditFilter,
        AuditHead as AuditHead,
        AuditVerification as AuditVerification,
    )
    from clace.model.backups import (
        BACKUP_FORMAT as BACKUP_FORMAT,
        BackedUpFile as BackedUpFile,
        BackupHeader as BackupHeader,
        BackupManifest as BackupManifest,
        BackupRestored as BackupRestored,
        BackupVerified as BackupVerified,
        KeyDerivation as KeyDerivation,
        LeftOut as LeftOut,
    )
    from clace.model.declared import DeclaredApp as DeclaredApp, MOST_DECLARED as MOST_DECLARED
    from clace.model.deeds import (
        ACCESS_DENIED as ACCESS_DENIED,
        CUSTOM as CUSTOM,
        Deed as Deed,
        EVENT_STATUSES as EVENT_STATUSES,
        EVENT_TYPES as EVENT_TYPES,
        FAILED as FAILED,
        HTTP as HTTP,
        LOCKED as LOCKED,
        REFUSED as REFUSED,
        SIGN_IN as SIGN_IN,
        SUCCESS as SUCCESS,
        SYSTEM as SYSTEM,
        access_denied as access_denied,
        event_of as event_of,
        proof_of as proof_of,
    )
    from clace.model.dev_settings import CONTAINER_FILES as CONTAINER_FILES, NO_RELOAD as NO_RELOAD
    from clace.model.endpoint_kinds import check_endpoint as check_endpoint
    from clace.model.endpoint_strings import (
        EndpointDescription as EndpointDescription,
        TLS_BY_NAME as TLS_BY_NAME,
        is_encrypted as is_encrypted,
        layers as layers,
        quoted as quoted,
        unparse as unparse,
    )
    from clace.model.failures import AppFailure as AppFailure, Fault as Fault
    from clace.model.hashing import hashed_name as hashed_name, split_hash as split_hash
    from clace.model.hosts import (
        host_name as host_name,
        host_port as host_port,
        is_address as is_address,
        netloc as netloc,
    )
    from clace.model.identity import (
        Assurance as Assurance,
        Identity as Identity,
        NOBODY as NOBODY,
        OPERATOR as OPERATOR,
        identity_named as identity_named,
    )
    from clace.model.ids import ksuid as ksuid
    from clace.model.params import (
        AppParam as AppParam,
        MOST_PARAMS as MOST_PARAMS,
        check_together as check_together,
        mismatch as mismatch,
    )
    from clace.model.paths import (
        AppGlob as AppGlob,
        AppPath as AppPath,
        STAGING_SUFFIX as STAGING_SUFFIX,
        TWIN_MARK as TWIN_MARK,
        is_glob as is_glob,
    )
    from clace.model.permissions import (
        CUSTOM_PREFIX as CUSTOM_PREFIX,
        LITERAL_ONLY as LITERAL_ONLY,
        ROLE as ROLE,
        canonical as canonical,
        gives as gives,
        is_custom as is_custom,
        is_pattern as is_pattern,
        is_scoped as is_scoped,
        problem_of as problem_of,
    )
    from clace.model.proxying import (
        COMMANDING_HEADERS as COMMANDING_HEADERS,
        CONNECTION_HEADERS as CONNECTION_HEADERS,
        CONTAINER_URL as CONTAINER_URL,
        HOST_HEADERS as HOST_HEADERS,
        MOST_MOUNTS as MOST_MOUNTS,
        ProxyConfig as ProxyConfig,
        ProxyMount as ProxyMount,
        ProxyRoute as ProxyRoute,
    )
    from clace.model.pushes import (
        PING_EVENT as PING_EVENT,
        PUSH_EVENT as PUSH_EVENT,
        Push as Push,
        checked_globs as checked_globs,
        matches_globs as matches_globs,
        read_globs as read_globs,
        read_push as read_push,
    )
    from clace.model.rbac import (
        ANY_APP as ANY_APP,
        GROUP as GROUP,
        Grant as Grant,
        OTHER_TARGETS as OTHER_TARGETS,
        Policy as Policy,
        administrators as administrators,
        problems_of as problems_of,
    )
    from clace.model.router import BadPattern as BadPattern, PatternRouter as PatternRouter
    from clace.model.schema import (
        AppSchema as AppSchema,
        DocType as DocType,
        DocumentField as DocumentField,
        DocumentIndex as DocumentIndex,
        FieldType as FieldType,
        INTEGERS as INTEGERS,
        RESERVED as RESERVED,
        sort_key as sort_key,
    )
    from clace.model.scope import Scope as Scope
    from clace.model.secret_text import (
        MAX_REFERENCES as MAX_REFERENCES,
        SecretReference as SecretReference,
        filled as filled,
        is_reference as is_reference,
        pieces as pieces,
        reference_text as reference_text,
        references as references,
    )
    from clace.model.traffic import (
        ANONYMOUS as ANONYMOUS,
        AppRequest as AppRequest,
        AppResponse as AppResponse,
        AuditEvent as AuditEvent,
        NOT_FOUND as NOT_FOUND,
        NO_ROUTE as NO_ROUTE,
        Upload as Upload,
        Visitor as Visitor,
        identity_headers as identity_headers,
    )
    from clace.model.upstreams import (
        BadUpstream as BadUpstream,
        Upstream as Upstream,
        parse_upstream as parse_upstream,
    )
    from clace.model.user_names import check_name as check_name, tidy_groups as tidy_groups
    from clace.model.walls import (
        INDISPENSABLE as INDISPENSABLE,
        PROCESS_WALLS as PROCESS_WALLS,
        WALLS as WALLS,
        WallName as WallName,
        demanded as demanded,
        demanded_of_processes as demanded_of_processes,
        missing as missing,
    )
    from clace.model.wishes import ClientWishes as ClientWishes
    from clace.model.wording import permission_text as permission_text
    from clace.model.workloads import (
        AUTO as AUTO,
        COMMAND as COMMAND,
        CONTAINER_PLUGIN as CONTAINER_PLUGIN,
        ContainerDeclaration as ContainerDeclaration,
        DECLARATIONS as DECLARATIONS,
        IMAGE_PREFIX as IMAGE_PREFIX,
        LOG_LEVELS as LOG_LEVELS,
        Lifetime as Lifetime,
        NIXPACKS as NIXPACKS,
        OVERLAP as OVERLAP,
        PROCESS_PLUGIN as PROCESS_PLUGIN,
        ProcessDeclaration as ProcessDeclaration,
        ProcessNeeds as ProcessNeeds,
        WORKLOAD_URL as WORKLOAD_URL,
        WorkloadCall as WorkloadCall,
        WorkloadConfig as WorkloadConfig,
        WorkloadKind as WorkloadKind,
    )
else:
    __getattr__ = face(
        __name__,
        admin_endpoints=("problem_of_admin",),
        app=(
            "AccountLink",
            "App",
            "AppKind",
            "AppMetadata",
            "AppSettings",
            "ArgumentConstraint",
            "Demands",
            "FileRef",
            "NEVER",
            "Permission",
            "PluginManifest",
            "STATIC_FROM_DISK",
            "VersionMetadata",
        ),
        audit_filter=("AuditEntry", "AuditFault", "AuditFilter", "AuditHead", "AuditVerification"),
        backups=(
            "BACKUP_FORMAT",
            "BackedUpFile",
            "BackupHeader",
            "BackupManifest",
            "BackupRestored",
            "BackupVerified",
            "KeyDerivation",
            "LeftOut",
        ),
        declared=("DeclaredApp", "MOST_DECLARED"),
        deeds=(
            "ACCESS_DENIED",
            "CUSTOM",
            "Deed",
            "EVENT_STATUSES",
            "EVENT_TYPES",
            "FAILED",
            "HTTP",
            "LOCKED",
            "REFUSED",
            "SIGN_IN",
            "SUCCESS",
            "SYSTEM",
            "access_denied",
            "event_of",
            "proof_of",
        ),
        dev_settings=("CONTAINER_FILES", "NO_RELOAD"),
        endpoint_kinds=("check_endpoint",),
        endpoint_strings=(
            "EndpointDescription",
            "TLS_BY_NAME",
            "is_encrypted",
            "layers",
            "quoted",
            "unparse",
        ),
        failures=("AppFailure", "Fault"),
        hashing=("hashed_name", "split_hash"),
        hosts=("host_name", "host_port", "is_address", "netloc"),
        identity=("Assurance", "Identity", "NOBODY", "OPERATOR", "identity_named"),
        ids=("ksuid",),
        params=("AppParam", "MOST_PARAMS", "check_together", "mismatch"),
        paths=("AppGlob", "AppPath", "STAGING_SUFFIX", "TWIN_MARK", "is_glob"),
        permissions=(
            "CUSTOM_PREFIX",
            "LITERAL_ONLY",
            "ROLE",
            "canonical",
            "gives",
            "is_custom",
            "is_pattern",
            "is_scoped",
            "problem_of",
        ),
        proxying=(
            "COMMANDING_HEADERS",
            "CONNECTION_HEADERS",
            "CONTAINER_URL",
            "HOST_HEADERS",
            "MOST_MOUNTS",
            "ProxyConfig",
            "ProxyMount",
            "ProxyRoute",
        ),
        pushes=(
            "PING_EVENT",
            "PUSH_EVENT",
            "Push",
            "checked_globs",
            "matches_globs",
            "read_globs",
            "read_push",
        ),
        rbac=(
            "ANY_APP",
            "GROUP",
            "Grant",
            "OTHER_TARGETS",
            "Policy",
            "administrators",
            "problems_of",
        ),
        router=("BadPattern", "PatternRouter"),
        schema=(
            "AppSchema",
            "DocType",
            "DocumentField",
            "DocumentIndex",
            "FieldType",
            "INTEGERS",
            "RESERVED",
            "sort_key",
        ),
        scope=("Scope",),
        secret_text=(
            "MAX_REFERENCES",
            "SecretReference",
            "filled",
            "is_reference",
            "pieces",
            "reference_text",
            "references",
        ),
        traffic=(
            "ANONYMOUS",
            "AppRequest",
            "AppResponse",
            "AuditEvent",
            "NOT_FOUND",
            "NO_ROUTE",
            "Upload",
            "Visitor",
            "identity_headers",
        ),
        upstreams=("BadUpstream", "Upstream", "parse_upstream"),
        user_names=("check_name", "tidy_groups"),
        walls=(
            "INDISPENSABLE",
            "PROCESS_WALLS",
            "WALLS",
            "WallName",
            "demanded",
            "demanded_of_processes",
            "missing",
        ),
        wishes=("ClientWishes",),
        wording=("permission_text",),
        workloads=(
            "AUTO",
            "COMMAND",
            "CONTAINER_PLUGIN",
            "ContainerDeclaration",
            "DECLARATIONS",
            "IMAGE_PREFIX",
            "LOG_LEVELS",
            "Lifetime",
            "NIXPACKS",
            "OVERLAP",
            "PROCESS_PLUGIN",
            "ProcessDeclaration",
            "ProcessNeeds",
            "WORKLOAD_URL",
            "WorkloadCall",
            "WorkloadConfig",
            "WorkloadKind",
        ),
    )
