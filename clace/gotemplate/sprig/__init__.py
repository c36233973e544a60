"""The functions of sprig."""
