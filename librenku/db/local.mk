# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/connection.c \
	%D%/copy.c \
	%D%/db.h \
	%D%/exchange.c \
	%D%/line.c %D%/line.h \
	%D%/failure.c \
	%D%/measure.c \
	%D%/migrate.c %D%/migrate.h %D%/migration.h \
	%D%/migrate_adopt.c \
	%D%/migrate_check.c \
	%D%/migrate_restore.c \
	%D%/migrate_schema.c \
	%D%/param.c \
	%D%/pool.c \
	%D%/row.c \
	%D%/session.c %D%/session.h \
	%D%/transaction.c
