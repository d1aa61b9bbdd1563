"""The supervisors' desk: pages in the admin that show the audit, and change nothing.

    listing/    lists of entries, with their filters, bars, saved views and print
    entry/      one entry, and its proof
    history/    one user's timeline; everybody's state at a moment
    exports/    CSV, JSON Lines, and the query for psql
    integrity/  the light: is all recorded, verified and sealed

A URL is a view: listing/selection.py reads from it which entries are asked for. Lists, bars,
exports and the query for psql are all made from a Selection.
"""
