"""Solvers on information."""
