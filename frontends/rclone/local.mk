# SPDX-License-Identifier: Apache-2.0
# The process that runs rclone for others.
if HAVE_SECCOMP
pkglibexec_PROGRAMS += renku-rclone
endif
renku_rclone_SOURCES = \
	%D%/attempt.c %D%/attempt.h \
	%D%/guard.c %D%/guard.h \
	%D%/main.c \
	%D%/network.c %D%/network.h \
	%D%/words.c %D%/words.h
renku_rclone_LDADD = $(SECCOMP_LIBS)

if HAVE_CHECK
check_PROGRAMS += tests/unit/rclone
endif
tests_unit_rclone_SOURCES = tests/unit/rclone.c %D%/network.c %D%/words.c
tests_unit_rclone_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_rclone_LDADD = $(CHECK_LIBS)
