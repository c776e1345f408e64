# SPDX-License-Identifier: Apache-2.0
# Every file of this folder is embedded; a new one needs no line here.
EXTRA_DIST += %D% tools/embed tools/refresh_schema
nodist_librenku_core_la_SOURCES += gen/migrations.c
CLEANFILES += gen/migrations.c

gen/migrations.c: $(top_srcdir)/tools/embed $(top_srcdir)/%D%/*.sql $(top_srcdir)/%D%/expected.txt
	$(AM_V_GEN)$(PYTHON) $(top_srcdir)/tools/embed $(top_srcdir)/%D% $@

# After a migration was changed or added.
.PHONY: refresh-schema
refresh-schema: tests/integration/db/driver
	RENKU_BUILD=$(abs_top_builddir) $(PYTHON) $(top_srcdir)/tools/refresh_schema
