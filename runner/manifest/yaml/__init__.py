"""YAML text to mappings, lists and scalars that know their places."""
