"""Solvers on numerics."""
