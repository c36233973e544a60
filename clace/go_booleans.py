"""The texts that Go's ``strconv.ParseBool`` takes for true and false, which operators know."""

TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
EITHER = TRUE | FALSE
