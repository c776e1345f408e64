# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/error.c %D%/error.def %D%/error.h \
	%D%/op.c %D%/op.h
