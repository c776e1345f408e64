# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/access.c %D%/access.h \
	%D%/connection.c %D%/connection.h \
	%D%/core.c %D%/core.h \
	%D%/db.c %D%/db.h \
	%D%/handlers.c \
	%D%/legacy.c \
	%D%/place.c \
	%D%/schema.h \
	%D%/storage.h
nodist_librenku_core_la_SOURCES += gen/storage_schema.c
CLEANFILES += gen/storage_schema.c
dist_noinst_DATA += %D%/apispec.yaml %D%/providers.json

STORAGEGEN = $(top_srcdir)/tools/storagegen
STORAGEGEN_FILES = \
	tools/storagegen/__main__.py \
	tools/storagegen/catalogue.py \
	tools/storagegen/emit_c.py \
	tools/storagegen/patches.py \
	tools/storagegen/shape.py
EXTRA_DIST += $(STORAGEGEN_FILES)

gen/storage_schema.c: %D%/providers.json $(STORAGEGEN_FILES)
	$(AM_V_GEN)$(MKDIR_P) gen && $(PYTHON) -B $(STORAGEGEN) --base $(srcdir)/%D%/providers.json --out $@
