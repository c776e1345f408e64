# SPDX-License-Identifier: Apache-2.0

# Fuzz targets of the library; each compiles what it looks into itself, so that coverage counts.
if FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_json tests/fuzz/fuzz_jwt tests/fuzz/fuzz_key tests/fuzz/fuzz_kubeconfig tests/fuzz/fuzz_query tests/fuzz/fuzz_storage \
	tests/fuzz/fuzz_url
endif
fuzz_cflags = $(AM_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
fuzzed_http = \
	librenku/base/arena.c \
	librenku/base/buf.c \
	librenku/base/error.c \
	librenku/base/op.c \
	librenku/base/slug.c \
	librenku/base/time.c \
	librenku/base/value.c \
	librenku/http/form.c \
	librenku/http/json.c \
	librenku/http/json_write.c \
	librenku/http/location.c \
	librenku/http/patterns.c \
	librenku/http/query.c \
	librenku/http/read.c \
	librenku/http/read_scalar.c \
	librenku/http/text_check.c \
	librenku/http/write.c
fuzzed_gen = \
	gen/api_api.c \
	gen/namespace_api.c \
	gen/notification_api.c \
	gen/patterns.c \
	gen/platform_api.c \
	gen/project_api.c \
	gen/secret_api.c \
	gen/storage_api.c \
	gen/user_api.c

tests_fuzz_fuzz_json_SOURCES = %D%/fuzz_json.c $(fuzzed_http)
nodist_tests_fuzz_fuzz_json_SOURCES = $(fuzzed_gen)
tests_fuzz_fuzz_json_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_json_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_json_LDADD = $(LIBRENKU_LIBS) -lm
tests_fuzz_fuzz_query_SOURCES = %D%/fuzz_query.c $(fuzzed_http)
nodist_tests_fuzz_fuzz_query_SOURCES = $(fuzzed_gen)
tests_fuzz_fuzz_query_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_query_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_query_LDADD = $(LIBRENKU_LIBS) -lm

tests_fuzz_fuzz_jwt_SOURCES = %D%/fuzz_jwt.c \
	librenku/crypto/claims.c \
	librenku/crypto/internal_token.c \
	librenku/crypto/json.c \
	librenku/crypto/jwk.c \
	librenku/crypto/jwt.c \
	librenku/crypto/secret.c \
	librenku/crypto/symmetric.c
tests_fuzz_fuzz_jwt_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_jwt_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_jwt_LDADD = librenku_core.la

tests_fuzz_fuzz_key_SOURCES = %D%/fuzz_key.c \
	librenku/crypto/envelope.c \
	librenku/crypto/rsa.c \
	librenku/crypto/secret.c \
	librenku/crypto/symmetric.c
tests_fuzz_fuzz_key_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_key_LDADD = librenku_core.la
tests_fuzz_fuzz_kubeconfig_SOURCES = %D%/fuzz_kubeconfig.c \
	librenku/k8s/exec.c \
	librenku/k8s/json.c \
	librenku/k8s/kubeconfig.c \
	librenku/k8s/yaml.c
tests_fuzz_fuzz_kubeconfig_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_kubeconfig_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kubeconfig_LDADD = librenku_core.la
tests_fuzz_fuzz_url_SOURCES = %D%/fuzz_url.c \
	librenku/base/url.c \
	librenku/platform/core.c \
	librenku/repository/git_url.c
tests_fuzz_fuzz_url_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_url_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_url_LDADD = librenku_core.la
tests_fuzz_fuzz_storage_SOURCES = %D%/fuzz_storage.c \
	librenku/storage/core.c \
	librenku/storage/url.c
tests_fuzz_fuzz_storage_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_storage_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_storage_LDADD = librenku_core.la
EXTRA_DIST += %D%/corpora/json %D%/corpora/jwt %D%/corpora/key %D%/corpora/kubeconfig %D%/corpora/query %D%/corpora/url %D%/corpora/storage
