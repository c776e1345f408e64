# SPDX-License-Identifier: Apache-2.0
# What belongs into an archive and into no program: documents, and the scripts behind ./dev.
EXTRA_DIST += \
	CHANGELOG.md \
	%D%/abi.md \
	%D%/Doxyfile \
	%D%/apispec.md \
	%D%/architecture.md \
	%D%/benchmarks.md \
	%D%/cli.md \
	%D%/compatibility.md \
	%D%/configuration.md \
	%D%/conventions.md \
	%D%/coverage.md \
	%D%/decisions.md \
	%D%/doctor.md \
	%D%/errors.md \
	%D%/faults.md \
	%D%/operating.md \
	%D%/operations.md \
	%D%/performance.md \
	%D%/python.md \
	%D%/scaling.md \
	%D%/tasks.md \
	%D%/threading.md \
	%D%/tutorial-c.md \
	tools/abi \
	tools/dev/build.sh \
	tools/dev/check.sh \
	tools/dev/setup.sh \
	tools/dev/wheel.py \
	tools/docgen/docgen.py \
	tools/docgen/operations.py \
	tools/packages.txt

# The reference of the C interface as web pages; a warning is a failure. What is made is not installed.
.PHONY: reference
reference: gen/renku/operations.h
	$(AM_V_GEN){ cat $(srcdir)/%D%/Doxyfile; \
		echo "INPUT = $(srcdir)/include/renku gen/renku"; echo "OUTPUT_DIRECTORY = reference"; \
		echo "PROJECT_NUMBER = $(PACKAGE_VERSION)"; } | $(DOXYGEN) -
distclean-local:
	rm -rf reference
