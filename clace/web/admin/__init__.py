"""The admin API over HTTP, and who may use it."""
