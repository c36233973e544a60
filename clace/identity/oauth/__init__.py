"""Sign-in by OAuth 2 and OpenID Connect: the providers of ``[auth.NAME]``."""
