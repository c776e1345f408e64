# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/gitlab.c %D%/gitlab.h \
	%D%/http_client.c %D%/http_client.h \
	%D%/local_call.c %D%/local_call.h
