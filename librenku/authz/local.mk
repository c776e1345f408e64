# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/authz.h \
	%D%/check.c \
	%D%/embedded.c \
	%D%/explain.c %D%/explain.h \
	%D%/facts.c \
	%D%/import.c \
	%D%/members.c \
	%D%/port.c %D%/port.h \
	%D%/relation.c \
	%D%/repair.c %D%/repair.h \
	%D%/store.c \
	%D%/tables.h \
	%D%/text.c \
	%D%/tools.c %D%/tools.h
nodist_librenku_core_la_SOURCES += gen/authz_schema.c
BUILT_SOURCES += gen/authz_schema.h
CLEANFILES += gen/authz_schema.h gen/authz_schema.c
dist_noinst_DATA += %D%/schema.zed %D%/storage.tbl

AUTHZGEN = $(top_srcdir)/tools/authzgen
AUTHZGEN_FILES = \
	tools/authzgen/__main__.py \
	tools/authzgen/check.py \
	tools/authzgen/emit_c.py \
	tools/authzgen/emit_json.py \
	tools/authzgen/facts.py \
	tools/authzgen/language.py \
	tools/authzgen/paths.py \
	tools/authzgen/sql.py \
	tools/authzgen/storage.py
EXTRA_DIST += $(AUTHZGEN_FILES)

gen/authz_schema.h: %D%/schema.zed %D%/storage.tbl $(AUTHZGEN_FILES)
	$(AM_V_GEN)$(MKDIR_P) gen && $(PYTHON) -B $(AUTHZGEN) --schema $(srcdir)/%D%/schema.zed \
		--storage $(srcdir)/%D%/storage.tbl --emit c --out gen
gen/authz_schema.c: gen/authz_schema.h
