# SPDX-License-Identifier: Apache-2.0
# Built beside the library, not installed as programs: their sources are documentation.
noinst_PROGRAMS += $(example_programs)
example_programs = \
	examples/all_groups \
	examples/create_project \
	examples/import_csv \
	examples/projects \
	examples/redirect \
	examples/visible
examples_all_groups_SOURCES = %D%/all_groups.c %D%/example.h
examples_all_groups_LDADD = librenku.la
examples_create_project_SOURCES = %D%/create_project.c %D%/example.h
examples_create_project_LDADD = librenku.la $(LIBRENKU_LIBS)
examples_import_csv_SOURCES = %D%/import_csv.c %D%/example.h
examples_import_csv_LDADD = librenku.la $(LIBRENKU_LIBS)
examples_projects_SOURCES = %D%/projects.c
examples_projects_LDADD = librenku.la
examples_redirect_SOURCES = %D%/redirect.c %D%/example.h
examples_redirect_LDADD = librenku.la
examples_visible_SOURCES = %D%/visible.c %D%/example.h
examples_visible_LDADD = librenku.la

if HAVE_MICROHTTPD
example_programs += examples/embed_microhttpd
endif
EXTRA_DIST += %D%/embed_microhttpd.c
examples_embed_microhttpd_SOURCES = %D%/embed_microhttpd.c %D%/example.h
examples_embed_microhttpd_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
examples_embed_microhttpd_LDADD = librenku.la $(MICROHTTPD_LIBS)
