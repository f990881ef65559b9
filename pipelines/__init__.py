"""Where a person meets Gristmill, and the occasions on which it runs: command line, Python, the demo.

Put faces here. Keep everything that a notebook, a schedule and a shell would each want out: it belongs below.
"""
