# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/archive.c %D%/archive.h \
	%D%/authenticate.c %D%/authenticate.h \
	%D%/answer.c %D%/answer.h \
	%D%/authz_tools.c \
	%D%/backup.c %D%/backup.h \
	%D%/backup_format.c \
	%D%/backup_read.c \
	%D%/call.c %D%/call.h \
	%D%/callers.c %D%/callers.h \
	%D%/config.c \
	%D%/config_file.c \
	%D%/ctx.c %D%/ctx.h \
	%D%/dispatch.c %D%/dispatch.h \
	%D%/doctor.c %D%/doctor.h \
	%D%/doctor_database.c \
	%D%/doctor_machine.c \
	%D%/doctor_settings.c \
	%D%/exchange.h \
	%D%/export.c \
	%D%/http.c \
	%D%/identity.h \
	%D%/identity_anonymous.c \
	%D%/identity_development.c \
	%D%/identity_gitlab.c \
	%D%/identity_token.c \
	%D%/keyset.c %D%/keyset.h \
	%D%/line.c \
	%D%/logging.c \
	%D%/metrics.c \
	%D%/pages.c \
	%D%/paging.c %D%/paging.h \
	%D%/ready.c \
	%D%/removal.c \
	%D%/request.c %D%/request.h %D%/request_field.def \
	%D%/restore.c \
	%D%/result.c %D%/result.h \
	%D%/result_json.c \
	%D%/router.c %D%/router.h \
	%D%/secrets.c \
	%D%/seed.c \
	%D%/service.c \
	%D%/sync.c \
	%D%/tasks.c \
	%D%/token_refresh.c \
	%D%/tools.c %D%/tools.h \
	%D%/versioned.c %D%/versioned.h
dist_noinst_DATA += %D%/apispec.yaml %D%/common.yaml
