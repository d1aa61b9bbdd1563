"""Lists of entries: what a URL asks for (selection.py), read in pages (pages.py)."""
