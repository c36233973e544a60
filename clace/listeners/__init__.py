"""From endpoint strings to open ports; certificates by server name, made and renewed."""
