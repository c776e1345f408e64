# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/claims.c %D%/claims.h \
	%D%/envelope.c %D%/envelope.h \
	%D%/internal_token.c %D%/internal_token.h \
	%D%/json.c %D%/json.h \
	%D%/jwk.c %D%/jwk.h \
	%D%/jwt.c %D%/jwt.h \
	%D%/jwt_sign.c \
	%D%/keys.c %D%/keys.h \
	%D%/private_keys.c %D%/private_keys.h \
	%D%/pbkdf2.c %D%/pbkdf2.h \
	%D%/obscure.c %D%/obscure.h \
	%D%/rsa.c %D%/rsa.h \
	%D%/secret.c %D%/secret.h \
	%D%/symmetric.c %D%/symmetric.h \
	%D%/token_cache.c %D%/token_cache.h
