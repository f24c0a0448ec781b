"""Everything a person types at or looks at. Knows the controller only through ``core.api``."""
