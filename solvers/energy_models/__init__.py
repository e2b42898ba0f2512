"""Solvers on energy models."""
