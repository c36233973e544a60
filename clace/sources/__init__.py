"""Where apps come from: folders and git repositories, copied into trees of files."""
