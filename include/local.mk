# SPDX-License-Identifier: Apache-2.0
renkuincludedir = $(includedir)/renku
renkuinclude_HEADERS = \
	%D%/renku/admin.h \
	%D%/renku/ctx.h \
	%D%/renku/http.h \
	%D%/renku/renku.h \
	%D%/renku/result.h \
	%D%/renku/types.h
