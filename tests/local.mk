# SPDX-License-Identifier: Apache-2.0

# Suites in C: a new one is one line here.
unit_suites = \
	%D%/unit/api_person.c \
	%D%/unit/api_archive.c \
	%D%/unit/api_request.c \
	%D%/unit/api_router.c \
	%D%/unit/authz.c \
	%D%/unit/base_arena.c \
	%D%/unit/base_buf.c \
	%D%/unit/base_letters.c \
	%D%/unit/base_log.c \
	%D%/unit/base_op.c \
	%D%/unit/base_process.c \
	%D%/unit/base_settings.c \
	%D%/unit/base_slug.c \
	%D%/unit/base_time.c \
	%D%/unit/base_ulid.c \
	%D%/unit/base_url.c \
	%D%/unit/base_value.c \
	%D%/unit/claims.c \
	%D%/unit/envelope.c \
	%D%/unit/git_url.c \
	%D%/unit/http_answers.c \
	%D%/unit/http_client.c \
	%D%/unit/http_json.c \
	%D%/unit/http_objects.c \
	%D%/unit/http_pairs.c \
	%D%/unit/http_patterns.c \
	%D%/unit/http_schema.c \
	%D%/unit/internal_token.c \
	%D%/unit/keycloak.c \
	%D%/unit/kubeconfig.c \
	%D%/unit/local_call.c \
	%D%/unit/jwt.c %D%/unit/jwt_vectors.h \
	%D%/unit/metric.c \
	%D%/unit/notification.c \
	%D%/unit/platform.c \
	%D%/unit/private_keys.c \
	%D%/unit/project.c \
	%D%/unit/rsa.c %D%/unit/rsa_vectors.h \
	%D%/unit/secret.c \
	%D%/unit/secrets_storage.c \
	%D%/unit/symmetric.c \
	%D%/unit/task.c \
	%D%/unit/token_cache.c \
	%D%/unit/user.c

if HAVE_CHECK
check_PROGRAMS += tests/unit/unit
endif
tests_unit_unit_SOURCES = \
	%D%/unit/unit.c %D%/unit/unit.h \
	%D%/unit/peer.c %D%/unit/peer.h \
	%D%/unit/schemas.c %D%/unit/schemas.h \
	$(unit_suites)
tests_unit_unit_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_unit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_unit_unit_LDADD = librenku_core.la $(CHECK_LIBS)

EXTRA_DIST += .clang-format .clang-tidy .editorconfig \
	%D%/house/check_house.py %D%/house/source.py %D%/house/test_house.py %D%/house/test_settings.py

# What programs share that do things of the library for tests in Python.
program_sources = %D%/support/program.c %D%/support/program.h
lines_sources = $(program_sources) %D%/support/lines.c %D%/support/lines.h

include tests/bench/local.mk
include tests/abi/local.mk
include tests/attacks/local.mk
include tests/fuzz/local.mk
include tests/integration/authn/local.mk
include tests/integration/authz/local.mk
include tests/integration/db/local.mk
include tests/integration/k8s/local.mk
include tests/integration/secret/local.mk
include tests/integration/sync/local.mk
include tests/instructions/local.mk
