"""Solvers on regularization."""
