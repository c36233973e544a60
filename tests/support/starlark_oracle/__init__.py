"""Go's own interpreter of Starlark as a witness: a corpus made by it, and a fuzzer against it."""
