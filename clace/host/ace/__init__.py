"""Names that apps find beside the language: ``ace``, requests, responses, entries."""
