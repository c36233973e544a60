"""What apps find in their Starlark beside the language: ``ace``, requests, responses, entries."""
