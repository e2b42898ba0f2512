"""Solvers on optimization."""
