# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/run_set.c \
	%D%/task.c %D%/task.h
