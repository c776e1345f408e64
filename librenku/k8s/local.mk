# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/k8s.h %D%/kinds.def \
	%D%/access.c %D%/access.h \
	%D%/call.c %D%/call.h \
	%D%/change.c \
	%D%/exec.c %D%/exec.h \
	%D%/json.c %D%/json.h \
	%D%/kubeconfig.c %D%/kubeconfig.h \
	%D%/list.c \
	%D%/path.c %D%/path.h \
	%D%/pool.c %D%/pool.h \
	%D%/secrets.c \
	%D%/yaml.c %D%/yaml.h
