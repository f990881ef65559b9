"""Questions about a table: table in, findings out.

Put statistics and judgement here. A check knows no storage, so it runs on any table in a notebook.
"""
