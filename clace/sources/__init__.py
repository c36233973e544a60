"""Sources of apps: folders and git repositories, copied into trees of files."""
