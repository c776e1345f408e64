# SPDX-License-Identifier: Apache-2.0
# The Python package: written modules and generated ones, together in the folder of the build. It runs there in place.
python_modules = \
	%D%/librenku/__init__.py \
	%D%/librenku/_admin.py \
	%D%/librenku/_call.py \
	%D%/librenku/_context.py \
	%D%/librenku/_convert.py \
	%D%/librenku/_failure.py \
	%D%/librenku/_library.py \
	%D%/librenku/_log.py \
	%D%/librenku/aio.py \
	%D%/librenku/client.py \
	%D%/librenku/config.py \
	%D%/librenku/pages.py
python_made = \
	gen/python/librenku/_async_operations.py \
	gen/python/librenku/_operations.py \
	gen/python/librenku/_table.py \
	gen/python/librenku/errors.py \
	gen/python/librenku/types.py
# Only in a build within the source tree these are not thrown away with the folder.
python_copies = \
	%D%/librenku/_async_operations.py \
	%D%/librenku/_operations.py \
	%D%/librenku/_table.py \
	%D%/librenku/errors.py \
	%D%/librenku/types.py
python_others = %D%/README.md %D%/librenku/py.typed %D%/pyproject.toml %D%/setup.py

EXTRA_DIST += %D%/README.md %D%/pyproject.toml %D%/setup.py \
	examples/python/all_groups.py \
	examples/python/create_project.py \
	examples/python/explore.py \
	examples/python/import_csv.py \
	examples/python/visible.py
CLEANFILES += $(python_made) $(python_copies)

# The copies stand where make would look for the sources of a build elsewhere: they are compared each time.
all-local: $(python_made) bindings/python/librenku/_version.py
	$(AM_V_at)for file in $(python_modules) $(python_others); do \
		cmp -s $(srcdir)/$$file $$file || cp -f $(srcdir)/$$file $$file || exit 1; \
	done
	$(AM_V_at)for file in $(python_made); do \
		cmp -s $$file bindings/$${file#gen/} || cp -f $$file bindings/$${file#gen/} || exit 1; \
	done
$(python_made): gen/apigen.stamp
	$(AM_V_at)test -f $@ || { rm -f gen/apigen.stamp; $(MAKE) $(AM_MAKEFLAGS) gen/apigen.stamp; }

librenkupythondir = $(pythondir)/librenku
librenkupython_PYTHON = $(python_modules)
nodist_librenkupython_PYTHON = $(python_made) bindings/python/librenku/_version.py
dist_librenkupython_DATA = %D%/librenku/py.typed

clean-local:
	test "$(srcdir)" = . || rm -rf bindings/python
