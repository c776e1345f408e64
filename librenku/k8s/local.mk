# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/k8s.h \
	%D%/pool.c \
	%D%/secrets.c
