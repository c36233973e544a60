"""The code inside an app's process: Starlark, the ``ace`` module, routes and templates."""
