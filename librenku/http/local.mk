# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/caller.c %D%/caller.h \
	%D%/etag.c %D%/etag.h
