"""The walls around a host process, and the process that forks hosts."""
