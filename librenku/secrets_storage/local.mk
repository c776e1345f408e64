# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/core.c %D%/core.h \
	%D%/handlers.c
dist_noinst_DATA += %D%/apispec.yaml
