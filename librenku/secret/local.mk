# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/core.c %D%/core.h \
	%D%/db.c %D%/db.h \
	%D%/handlers.c \
	%D%/rotate.c \
	%D%/seal.c \
	%D%/secret.h \
	%D%/session_secrets.c \
	%D%/slots.c %D%/slots.h \
	%D%/wrapped.c
dist_noinst_DATA += %D%/apispec.yaml
