"""Solvers: each computes one concept of deep learning step by step. Imports nothing of qbank."""
