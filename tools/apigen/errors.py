# SPDX-License-Identifier: Apache-2.0
"""What stops the generator: always with the file and the place in it."""


class SpecError(Exception):
    def __init__(self, file, where, problem):
        super().__init__(f"{file}: {where}: {problem}" if where else f"{file}: {problem}")
