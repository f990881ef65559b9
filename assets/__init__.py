"""The steps that turn a source into a published version: plain functions that join a thing and a question.

Put the order of work here. Keep rules of judgement out (those are `checks`), and storage out (that is `warehouse`).
"""
