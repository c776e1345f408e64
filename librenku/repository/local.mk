# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += %D%/git_url.c %D%/repository.h
