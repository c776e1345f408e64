# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/backlog.c \
	%D%/metric.c %D%/metric.h \
	%D%/send.c
