"""What is stored, under which name, at which version.

Put storage, names and SQL here. Keep machine-learning judgement out (that is `checks`) and Dagster out (that is
`assets`).
"""
