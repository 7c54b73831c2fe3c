"""The results document: its values, and how it is read and written."""
