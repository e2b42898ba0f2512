"""Solvers on vision."""
