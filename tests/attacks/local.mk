# SPDX-License-Identifier: Apache-2.0
# Counts the instructions of comparisons: tests/attacks/test_timing.py
noinst_PROGRAMS += tests/attacks/timing
tests_attacks_timing_SOURCES = %D%/timing.c
tests_attacks_timing_LDADD = librenku_core.la
