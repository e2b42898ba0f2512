"""Questions as files: read, validated, linted, scaffolded. Errors carry file and line.

Import from the modules: telling whether a folder changed (:mod:`qbank.content.files`) must not cost reading it.
"""
