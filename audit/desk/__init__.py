"""The supervisors' desk: pages in the admin that show the audit, and change nothing.

A URL is a view: selection.py reads from it which entries are asked for. Lists, bars, exports and
the query for psql are all made from a Selection.
"""
