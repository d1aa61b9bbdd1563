"""Entries to take along: as files, each noted, and as a query for psql."""
