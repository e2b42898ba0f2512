"""Solvers on recurrent networks."""
