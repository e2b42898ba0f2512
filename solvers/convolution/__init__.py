"""Solvers on convolution."""
