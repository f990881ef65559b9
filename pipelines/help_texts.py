"""One line for each command, in the order in which people need them.

The commands' own help does not belong here.
"""

SECTIONS = (
    (
        "Begin",
        [
            ("demo", "Make the demo project and run it."),
            ("add", "Look at a file and write its dataset."),
            ("check", "Check every dataset file without reading the data."),
            ("schema", "Print the JSON Schema of dataset files, for editors."),
        ],
    ),
    (
        "Run",
        [
            ("run", "Run what is due: ingest, build, audit, publish, judge models."),
            ("status", "How the newest work on each dataset ended, and what to do."),
            ("accept", "Silence one warning until a day, and say why."),
            ("up", "Run schedules, the catalog and Dagster's pages until stopped."),
        ],
    ),
    (
        "Look",
        [
            ("list", "Datasets, their versions and how they stand."),
            ("show", "All that is known of one dataset."),
            ("history", "The versions of a dataset and what changed."),
            ("splits", "What each split holds, and the proof that nothing leaks."),
            ("shift", "How splits, versions, months and days differ."),
            ("diagnose", "What is wrong with its models, and the first thing to do."),
            ("rejected", "The rows that broke a rule, by rule."),
            ("sql", "Query the warehouse."),
            ("serve", "Show the catalog in a browser."),
            ("export", "Write the catalog's pages of a dataset as files."),
        ],
    ),
)
