# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/http_client.c %D%/http_client.h
