# SPDX-License-Identifier: Apache-2.0
renkuincludedir = $(includedir)/renku
renkuinclude_HEADERS = \
	%D%/renku/admin.h \
	%D%/renku/call.h \
	%D%/renku/caller.h \
	%D%/renku/ctx.h \
	%D%/renku/errors.h \
	%D%/renku/http.h \
	%D%/renku/renku.h \
	%D%/renku/result.h \
	%D%/renku/tasks.h \
	%D%/renku/types.h
nodist_renkuinclude_HEADERS = gen/renku/operations.h
