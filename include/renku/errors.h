/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RENKU_ERRORS_H
#define RENKU_ERRORS_H

#include "renku/types.h"

/** @file
 * Every way in which a call can fail. It is what renku_result_error() answers. The numbers of the
 * API (1404, ...) repeat, these do not. More may come. Spec: foundations.md 4.2 */

#define RENKU_OK 0               /**< it succeeded */
#define RENKU_EBADREQUEST 1      /**< 1400: the request is malformed */
#define RENKU_EUNAUTHORIZED 2    /**< 1401: the operation needs a logged-in caller */
#define RENKU_ENOCREDENTIALS 3   /**< 1401: likewise, where a role is asked for */
#define RENKU_EINVALIDTOKEN 4    /**< 1401: the token is not valid, or has expired */
#define RENKU_EFORBIDDEN 5       /**< 1403: the caller may not do that */
#define RENKU_ENOTPERMITTED 6    /**< 1403: likewise, for lack of a permission */
#define RENKU_ECOPYCONNECTORS 7  /**< 1403: copied, but some data connectors are not linked */
#define RENKU_ENOTFOUND 8        /**< 1404: missing, or hidden from the caller */
#define RENKU_EMETHOD 9          /**< 1405: the path does not offer the method */
#define RENKU_EREQUESTTIMEOUT 10 /**< 1408: the client was too slow */
#define RENKU_ECONFLICT 11       /**< 1409: the change does not fit the present state */
#define RENKU_ESTALE 12          /**< 1409: changed meanwhile; read again, then retry */
#define RENKU_ETOOLARGE 13       /**< 1413: the input is too large */
#define RENKU_EEXPECTATION 14    /**< 1417: the expectation cannot be met */
#define RENKU_EINVALID 15       /**< 1422: the input is invalid; the message names each violation */
#define RENKU_EPRECONDITION 16  /**< 1428: if_match is missing */
#define RENKU_ETOOMANYFIELDS 17 /**< 1431: too many header fields */
#define RENKU_EINTERNAL 18      /**< 1500: a mistake of the library or of the calling program */
#define RENKU_ECONFIGURATION 19 /**< 1500: a setting is missing or malformed */
#define RENKU_ERESPONSE 20      /**< 1500: what is stored does not fit the schema of the answer */
#define RENKU_EDATABASE 21      /**< 1500: the database is down, or refused a statement */
#define RENKU_EREMOTE 22        /**< 1500: another service cannot be reached */
#define RENKU_ENOMEM 23         /**< 1500: out of memory */
#define RENKU_ERETRY 24         /**< 1500: the database asks to repeat; retried inside */
#define RENKU_EEVENT 25         /**< 1501: an event could not be handled */
#define RENKU_EUNAVAILABLE 26   /**< 1503: temporarily unavailable */
#define RENKU_ETIMEOUT 27       /**< 1503: the deadline has passed */
#define RENKU_EHTTPVERSION 28   /**< 1505: the version of HTTP is not supported */
#define RENKU_EDECRYPTION 29    /**< 1510: a secret cannot be decrypted */
#define RENKU_ESECRETCREATION 30 /**< 1511: a secret cannot be created */
#define RENKU_EBUILDSTART 31     /**< 1512: an image build cannot be started */
#define RENKU_ECANCELLED 32      /**< 1513: ended by renku_cancel_now() */
#define RENKU_ETHIRDPARTY 33     /**< 1514: an external service misbehaves */
#define RENKU_ESTORAGE 34        /**< 1422: a storage configuration is wrong, or leads nowhere */
#define RENKU_EKUBERNETES 35     /**< 1500: the Kubernetes API refused what we asked for */

#endif
