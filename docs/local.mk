# SPDX-License-Identifier: Apache-2.0
# What belongs into an archive and into no program: documents, and the scripts behind ./dev.
EXTRA_DIST += \
	CHANGELOG.md \
	%D%/abi.md \
	%D%/apispec.md \
	%D%/architecture.md \
	%D%/cli.md \
	%D%/compatibility.md \
	%D%/configuration.md \
	%D%/conventions.md \
	%D%/decisions.md \
	%D%/doctor.md \
	%D%/errors.md \
	%D%/operating.md \
	%D%/python.md \
	%D%/threading.md \
	tools/abi \
	tools/dev/build.sh \
	tools/dev/check.sh \
	tools/dev/setup.sh \
	tools/dev/wheel.py \
	tools/docgen/docgen.py \
	tools/packages.txt
