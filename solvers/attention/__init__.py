"""Solvers on attention."""
