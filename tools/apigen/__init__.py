# SPDX-License-Identifier: Apache-2.0
"""Reads the apispec.yaml of every room and writes what the library, its bindings and its documents need."""
