# SPDX-License-Identifier: Apache-2.0

# apigen makes what follows from the apispec files and what they share. A new room is named in each of the first three
# lists.
apispecs = \
	librenku/api/apispec.yaml \
	librenku/namespace/apispec.yaml \
	librenku/notification/apispec.yaml \
	librenku/platform/apispec.yaml \
	librenku/project/apispec.yaml \
	librenku/secret/apispec.yaml \
	librenku/secrets_storage/apispec.yaml \
	librenku/storage/apispec.yaml \
	librenku/user/apispec.yaml
apigen_sources = \
	gen/api_api.c \
	gen/calls.c \
	gen/descriptions.c \
	gen/namespace_api.c \
	gen/notification_api.c \
	gen/openapi.c \
	gen/operations.c \
	gen/patterns.c \
	gen/platform_api.c \
	gen/project_api.c \
	gen/secret_api.c \
	gen/secrets_storage_api.c \
	gen/storage_api.c \
	gen/user_api.c
apigen_headers = \
	gen/api_api.h \
	gen/namespace_api.h \
	gen/notification_api.h \
	gen/platform_api.h \
	gen/project_api.h \
	gen/renku/operations.h \
	gen/secret_api.h \
	gen/secrets_storage_api.h \
	gen/storage_api.h \
	gen/user_api.h
apigen_modules = \
	%D%/apigen/__init__.py \
	%D%/apigen/__main__.py \
	%D%/apigen/api.py \
	%D%/apigen/document.py \
	%D%/apigen/emit_calls.py \
	%D%/apigen/emit_descriptions.py \
	%D%/apigen/emit_header.py \
	%D%/apigen/emit_openapi.py \
	%D%/apigen/emit_operations.py \
	%D%/apigen/emit_patterns.py \
	%D%/apigen/emit_python.py \
	%D%/apigen/emit_source.py \
	%D%/apigen/errors.py \
	%D%/apigen/merge.py \
	%D%/apigen/model.py \
	%D%/apigen/names.py \
	%D%/apigen/operations.py \
	%D%/apigen/python_errors.py \
	%D%/apigen/python_shapes.py \
	%D%/apigen/python_text.py \
	%D%/apigen/python_types.py \
	%D%/apigen/schemas.py

nodist_librenku_core_la_SOURCES += $(apigen_sources)
BUILT_SOURCES += $(apigen_headers)
CLEANFILES += $(apigen_sources) $(apigen_headers) gen/apigen.stamp
EXTRA_DIST += $(apigen_modules)

# The stamp is the time of the last run; files whose text stays are not touched.
gen/apigen.stamp: $(apispecs) librenku/api/common.yaml $(apigen_modules) include/renku/errors.h
	$(AM_V_GEN)$(MKDIR_P) gen
	$(AM_V_at)cd $(srcdir) && PYTHONPATH=%D% $(PYTHON) -B -m apigen --out $(abs_builddir)/gen $(apispecs)
	$(AM_V_at)touch $@
$(apigen_sources) $(apigen_headers): gen/apigen.stamp
	$(AM_V_at)test -f $@ || { rm -f gen/apigen.stamp; $(MAKE) $(AM_MAKEFLAGS) gen/apigen.stamp; }

# Manual pages follow from the help of the program and the comments of the public headers, completions from the program.
mangen_modules = \
	%D%/mangen/__init__.py \
	%D%/mangen/__main__.py \
	%D%/mangen/commands.py \
	%D%/mangen/headers.py \
	%D%/mangen/library.py \
	%D%/mangen/roff.py
EXTRA_DIST += $(mangen_modules)
noinst_DATA += man/stamp completions/stamp
CLEANFILES += man/stamp man/*.1 man/*.3 completions/stamp completions/bash completions/zsh completions/fish

man/stamp: bin/renku$(EXEEXT) $(renkuinclude_HEADERS) gen/renku/operations.h $(mangen_modules)
	$(AM_V_GEN)headers=; for header in $(renkuinclude_HEADERS); do headers="$$headers $(abs_srcdir)/$$header"; done; \
	PYTHONPATH=$(srcdir)/%D% $(PYTHON) -B -m mangen --out man --release $(PACKAGE_VERSION) \
		--program bin/renku$(EXEEXT) $$headers gen/renku/operations.h
	$(AM_V_at)touch $@
completions/stamp: bin/renku$(EXEEXT)
	$(AM_V_at)$(MKDIR_P) completions
	$(AM_V_GEN)for shell in bash zsh fish; do \
		bin/renku$(EXEEXT) completion $$shell >completions/$$shell || exit 1; \
	done
	$(AM_V_at)touch $@

install-data-local: man/stamp completions/stamp
	$(MKDIR_P) $(DESTDIR)$(man1dir) $(DESTDIR)$(man3dir)
	$(INSTALL_DATA) man/*.1 $(DESTDIR)$(man1dir)
	$(INSTALL_DATA) man/*.3 $(DESTDIR)$(man3dir)
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir) $(DESTDIR)$(zshcompletiondir) $(DESTDIR)$(fishcompletiondir)
	$(INSTALL_DATA) completions/bash $(DESTDIR)$(bashcompletiondir)/renku
	$(INSTALL_DATA) completions/zsh $(DESTDIR)$(zshcompletiondir)/_renku
	$(INSTALL_DATA) completions/fish $(DESTDIR)$(fishcompletiondir)/renku.fish
uninstall-local:
	for file in man/*.1; do rm -f $(DESTDIR)$(man1dir)/$${file#man/}; done
	for file in man/*.3; do rm -f $(DESTDIR)$(man3dir)/$${file#man/}; done
	rm -f $(DESTDIR)$(bashcompletiondir)/renku $(DESTDIR)$(zshcompletiondir)/_renku \
		$(DESTDIR)$(fishcompletiondir)/renku.fish

man1dir = $(mandir)/man1
man3dir = $(mandir)/man3
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
