"""Plugins, which act for apps, and ``gate``, through which each call goes."""
