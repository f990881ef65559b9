"""The catalog: pages about what is in the warehouse, read from `meta` alone, served on loopback or kept as files.

    facts_*.py  what a page says, as plain facts
    render.py   facts to HTML; links are those of a server or of files
    guard.py    who may read: one-time token, cookie, Host, Origin, headers
    app.py      which address shows which page
    site.py     the same pages as files

Nothing here scans data, opens the lake, writes to `meta` or runs a step.
"""
