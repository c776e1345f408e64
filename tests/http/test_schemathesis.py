# SPDX-License-Identifier: Apache-2.0
"""Generated requests for the whole document, with every check of schemathesis that the specification allows."""
