# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/pass.c \
	%D%/run_set.c \
	%D%/task.c %D%/task.h
