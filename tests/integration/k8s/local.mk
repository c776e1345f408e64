# SPDX-License-Identifier: Apache-2.0
# The driver through which tests/integration/k8s reach the Kubernetes client.
noinst_PROGRAMS += tests/integration/k8s/driver
tests_integration_k8s_driver_SOURCES = %D%/driver.c $(lines_sources)
tests_integration_k8s_driver_LDADD = librenku_core.la
