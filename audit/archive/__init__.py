"""Months of the audit in files, each with a manifest, and a tombstone in the database that says so.
docs/retention.md describes them."""
