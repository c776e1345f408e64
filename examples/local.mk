# SPDX-License-Identifier: Apache-2.0
# Built beside the library, not installed.
noinst_PROGRAMS += examples/projects
examples_projects_SOURCES = %D%/projects.c
examples_projects_LDADD = librenku.la
