"""Keys that Clace (2025) or OpenRun (2026) knows and this version does nothing with.

A file written for either loads here: such a key is a notice, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clace.config.places import Steps

RENAMED: Mapping[Steps, str] = {("security", "admin_over_tcp"): "unsafe_admin_over_tcp"}

_KEYS = {
    (): """
        app_builder bindings builder builder_agent builder_git builder_profile
        config_file kubernetes litestream permissions plugin_providers
        profile_mode registry telemetry
        """,
    ("https",): "mkcert_path service_email storage_location use_staging",
    ("security",): """
        session_block_key session_secret unsafe_agent_without_sandbox
        unsafe_allow_system_plugins_anon unsafe_enable_testurl_rbac
        """,
    ("logging",): "litestream_log_level",
    ("metadata",): """
        config_history_versions file_cache_connection litestream_config sqlite_journal_size_limit
        sqlite_maintenance_interval_secs sqlite_truncate_checkpoint_every sqlite_vacuum_pages
        """,
    ("system",): """
        builder_auth_token container_builder daisyui_theme_url daisyui_url
        disable_file_hash_dev_mode early_hints
        enable_compression file_workers
        git_checkout_cache_entries
        leader_election_heartbeat_interval_secs leader_election_lease_secs list_apps_title
        node_path root_serve_list_apps show_hosted_with
        tailwind_version tailwindcss_command use_image_pre_build_step watch_ignore_patterns
        """,
    ("restart",): "upgrade_timeout_secs",
    # An app works on its requests in one thread, whatever a file of before says.
    ("sandbox",): "threads",
    ("app_config", "sandbox"): "threads",
    # Answers pass through as they are: what a visitor accepts is asked for, and nothing unpacked.
    ("app_config", "proxy"): "disable_compression",
    ("app_config", "container"): "deploy_health_attempts deploy_probe_period_secs"
    " deploy_progress_deadline_secs",
    ("app_config",): "action kubernetes star_base static_from_disk static_root_cache_control",
    ("plugin", "fs.in"): "db_connection",
}
_NAMES = {at: frozenset(names.split()) for at, names in _KEYS.items()}
_PLUGIN = re.compile(r"(proxy|container|clace|openrun|openrun_admin|builder)\.in(#.+)?")


def knows(at: Steps) -> bool:
    """Return true if another era has a key or section of this name."""
    *above, name = at
    return name in names_in(tuple(above)) or (above == ["plugin"] and _is_plugin(name))


def names_in(at: Steps) -> frozenset[str]:
    """The keys and sections that other eras have there."""
    plain = tuple(step.partition("#")[0] for step in at)
    return _NAMES.get(plain, frozenset()) | _NAMES.get((*at[:1], "*"), frozenset())


def _is_plugin(name: str) -> bool:
    return _PLUGIN.fullmatch(name) is not None
