# SPDX-License-Identifier: Apache-2.0
"""A wheel with the shared library is for one platform, but for any version of Python."""

from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel

BUNDLED = list((Path(__file__).parent / "librenku").glob("librenku.so.*"))


class Bundle(Distribution):
    def has_ext_modules(self):
        return bool(BUNDLED)


class Wheel(bdist_wheel):
    def get_tag(self):
        python, abi, platform = super().get_tag()
        return ("py3", "none", platform) if BUNDLED else (python, abi, platform)


setup(distclass=Bundle, cmdclass={"bdist_wheel": Wheel})
