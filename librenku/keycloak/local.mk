# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/access.c %D%/access.h \
	%D%/keycloak.h \
	%D%/pages.c \
	%D%/send.c %D%/send.h
