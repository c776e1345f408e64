# SPDX-License-Identifier: Apache-2.0

# Fuzz targets, on demand in a tree of --enable-fuzz: make fuzz-programs. There the whole library counts coverage.
fuzz_targets = \
	%D%/fuzz_backup \
	%D%/fuzz_cli \
	%D%/fuzz_config \
	%D%/fuzz_http \
	%D%/fuzz_json \
	%D%/fuzz_jwt \
	%D%/fuzz_key \
	%D%/fuzz_kubeconfig \
	%D%/fuzz_peer \
	%D%/fuzz_query \
	%D%/fuzz_reader \
	%D%/fuzz_storage \
	%D%/fuzz_text \
	%D%/fuzz_url
EXTRA_PROGRAMS += $(fuzz_targets)
CLEANFILES += $(fuzz_targets)
fuzz-programs: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) $(fuzz_targets)
.PHONY: fuzz-programs
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_ldadd = librenku_core.la $(LIBRENKU_LIBS)

tests_fuzz_fuzz_backup_SOURCES = %D%/fuzz_backup.c
tests_fuzz_fuzz_backup_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_backup_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_cli_SOURCES = %D%/fuzz_cli.c \
	frontends/cli/commands.c \
	frontends/cli/help.c \
	frontends/cli/output.c \
	frontends/cli/print.c \
	frontends/cli/text.c
tests_fuzz_fuzz_cli_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_cli_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_config_SOURCES = %D%/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_config_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_http_SOURCES = %D%/fuzz_http.c
tests_fuzz_fuzz_http_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_json_SOURCES = %D%/fuzz_json.c %D%/operations.h %D%/patterns.h
tests_fuzz_fuzz_json_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_json_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_jwt_SOURCES = %D%/fuzz_jwt.c
tests_fuzz_fuzz_jwt_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_jwt_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_key_SOURCES = %D%/fuzz_key.c
tests_fuzz_fuzz_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_key_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_kubeconfig_SOURCES = %D%/fuzz_kubeconfig.c
tests_fuzz_fuzz_kubeconfig_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kubeconfig_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_peer_SOURCES = %D%/fuzz_peer.c
tests_fuzz_fuzz_peer_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_peer_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_query_SOURCES = %D%/fuzz_query.c %D%/operations.h %D%/patterns.h
tests_fuzz_fuzz_query_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_query_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_reader_SOURCES = %D%/fuzz_reader.c $(server_reader)
tests_fuzz_fuzz_reader_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_storage_SOURCES = %D%/fuzz_storage.c %D%/patterns.h
tests_fuzz_fuzz_storage_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_storage_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_text_SOURCES = %D%/fuzz_text.c
tests_fuzz_fuzz_text_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_text_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_url_SOURCES = %D%/fuzz_url.c
tests_fuzz_fuzz_url_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_url_LDADD = $(fuzz_ldadd)
EXTRA_DIST += %D%/__init__.py %D%/corpora %D%/ground.py %D%/run.py
