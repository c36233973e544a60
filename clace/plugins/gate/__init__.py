"""The gate between apps and plugins: permissions, secrets, and the calls of one request."""
