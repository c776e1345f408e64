/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_JWT_VECTORS_H
#define RK_JWT_VECTORS_H

/* Keys and tokens made with PyJWT; the payload is {"sub":"joe","aud":"renku"}. The private keys are
 * gone. */

#define VECTOR_KEYS                                                                                \
    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"rsa\",\"n\":\"sZf962A_Wq3yrLd-dCK_"                     \
    "N727BFItloMpK5hQkzyFf58kp"                                                                    \
    "xUHcotSrwouTkE16mEjHpQzowhNbTpdBD2RhcKjxUimdEOBARE8L5LmHdZ5LV72H3xAoYjkfvZHUhgXz5xg_"         \
    "R4rfI2KTl3XYhLfo8bLhEX6m3_IIeGu6zHkkLuYrcEOmb3Eu0OoQ9kUr0lcERPhnbZtrMIVF8sgsZihTnRT9"         \
    "iu469pa5_GbPqmMge9KZ6l6K8lgcktvTX2_6TcoCJ2hgSSrvWaM8OSp8-DlwqJxM0BD1fqRvsSZ_tZMQ9EF9"         \
    "vUKpZE55jQoUzZ49jtIcP701YhX1YdRedav0UgLZby4lQ\",\"e\":\"AQAB\"},{\"kty\":\"EC\",\"kid\":"     \
    "\"es256\""                                                                                    \
    ",\"crv\":\"P-256\",\"x\":\"ihA7MVYADZQB3bEG0Y1g8zJAW6CF-YcrQabfBxF3wHc\",\"y\":"              \
    "\"K2zRbpBvF73Vp-"                                                                             \
    "34ZIaxrKHB_yAAHc7LlgS-xzVgoXM\"},{\"kty\":\"EC\",\"kid\":\"es384\",\"crv\":\"P-384\",\"x\":"  \
    "\"naOF6Vt"                                                                                    \
    "12tAaa-woYWcPm0A4I_CccztkjCG83jewLDvho2w5a6p6x9KhGo2UjokO\",\"y\":\"AMBZ42XvH9H5r29fwmD5"     \
    "47gS4yJFWWPbP2pdexWsX0DS68nK6UgxQu1adw1gpRv8\"},{\"kty\":\"EC\",\"kid\":\"es512\",\"crv\":"   \
    "\"P-52"                                                                                       \
    "1\",\"x\":\"AI6g2ZeMSC9cKmOvRuQ-X30hNPXFQSQi39EOUCfpzGNvsqBplCSuIii6veIyrX3sh2hl7oG-IhIR"     \
    "5YvTL6J-gkE6\",\"y\":\"AA-BSWnzIVg043nwBNaEJKemW4ppoQg0UCHW56qEPckYaoOqTu_6uTaSY6FiKoW8D"     \
    "gwghzqGJ5T1s1JtJuub85yk\"},{\"kty\":\"OKP\",\"kid\":\"ed25519\",\"crv\":\"Ed25519\",\"x\":"   \
    "\"hwY25mLW"                                                                                   \
    "J3kTEmRNybsbmkgwbmb84wM8sQbdEhvNvgU\"},{\"kty\":\"OKP\",\"kid\":\"ed448\",\"crv\":\"Ed448\"," \
    "\"x\":\""                                                                                     \
    "XEquutmhhi_ILnj1-waQWJkeyomJbABz3ZS0TnYF8zhlTE-0szQjk8ZeyS0mm4pZdlGrFYWXREWA\"}]}"

#define VECTOR_RS256                                                                               \
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJhdWQiOiJyZW5"         \
    "rdSJ9.V9lBPYay-wxD-h8b0i7mFry5qncmeu1NFf1HqOJJV3v_-T0Fj9BXVizyjnGjLQOC-mgdbNt8OJ9eBq"         \
    "Dz4odZLPQ9OAQAx4T1ETMN6cZ_5b8QEsLO8Gb4Og8Gc4tjaI_MRJilmCr7ie30HSswSnSlkVo4lzy4nB-WDd"         \
    "CHe_oZH1pHNewXwfmEEmDvFZviVo1puDU2rFj5RhKa83999rZ9D6mFdgMqgT4jEv0PzqZC-bbwaB9rBirdFp"         \
    "GjA0tjb0-WJjK1y-GjScDm97Iprdopdx-QCyDTQYwbNLbwS19hOIDj7aaZT04YIraqR0LahrjsZobTlX8x77"         \
    "kVGDyUA7Tm9w"

#define VECTOR_RS384                                                                               \
    "eyJhbGciOiJSUzM4NCIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJhdWQiOiJyZW5"         \
    "rdSJ9.octo4Rys2uPkQyAhGVpq16kFOxK0p874VZJrlzan7noPVGnT7USPfUHIMyylTDc2bgWP6O-DU4YKde"         \
    "IBmIkZogIvFn7BNa7wg1u2jqcQ7UJqxD4YS38UR4mP5pm7rnpaYTMeDhq_ZKCzLa7D41zIuEOcbGzLGjHX7D"         \
    "fYZwtJMf4rj7r0bi1zlsXKwageRaGbD1UPVQXHmtquqZTKL8vZjeJNlmrYv5SL6agv0yA5S_buZ8_hXC-UN1"         \
    "3RjBP-p0T3Q6JCeJYCn7zdq-MeB7zk4yXdEotTI9jBsDqu9mHfKefC8cfKdA9U9Mub8fE200--6bkKKY-uzQ"         \
    "YI_HOAWJ6hww"

#define VECTOR_RS512                                                                               \
    "eyJhbGciOiJSUzUxMiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJhdWQiOiJyZW5"         \
    "rdSJ9.Ha9VxO7DeWRoT-7AVB-DrJOY7Kg_vyo3gtYKFQhMp6M6lTBKWfbUel1h5BELtql33fgu_zi4W5mL8-"         \
    "A9EqU87FGc1qCQYK8LIHUiW9iw2kqGnM3Jci4rnqtKLT_JqWVUS5woCNWDzQ5V6HnlKLFiAC23UKwIkbDQWd"         \
    "yVztjqGQuO6-oDRRjvOl96JM87342hrRJqD5YYsYL6RFq1lAirkeYmxYLcmIxUnKt4Jj-rfQG4miWnLuHAzm"         \
    "OJ4p71iUsI_R44SUyc4oKwyCzLz6qAlOd7gZKt5MWX_o_ocfdUai8r7ZVx449tSngWKQtBVqQKFpojjDIl49"         \
    "YaYnatL4Ehxw"

#define VECTOR_PS256                                                                               \
    "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJhdWQiOiJyZW5"         \
    "rdSJ9.o85lU1_d4Mf9d0g_4DPzj7cZK93X4fs7EQOEof8G9HyJP3j-0R0vKLaEaeryX4s0L_0msGq2Orhq1b"         \
    "_nqARsq_S9H04wh_qsxiqHcJWXzLqadEfHnKJ-wwJA-MA43SOtBXRlnI76sCBa67Ox7yWxcGmG3lc0EeoN3t"         \
    "XHwtSy7lmrQb1_L3AxcubsZKZy6bYUs9kQQDTOhWbn6ymxHGgymkzleza4zAK9Ahi2M-miSQNIo2x1RZb9vr"         \
    "KgmHsTPqvQyKnAHuJCMFTG-RXrUUDyG8NDcea1DM0ziANLlmzVZ_v_z36n58qIvUxdL28pE1tDiT62sAiHGL"         \
    "4eNp1CPmG6Nw"

#define VECTOR_PS384                                                                               \
    "eyJhbGciOiJQUzM4NCIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJhdWQiOiJyZW5"         \
    "rdSJ9.l7aEQyoD6JXaaB5s3yewITEXbEs6jIk5DzbjKXOlA4HJiy6jAu0a0QNZfCTVrf6Ae3X5CuvtKto1Dr"         \
    "srxRp8WZ9RlkGkP8S5Ba_i4YQ18k0-Id6BrGHZgApdM9Sjic_qjY0CVAY08igQ7_Og-HPwZp8gXMCFAZdXrv"         \
    "9qwcpWj3cFc8KMqDtzmAE7iJcPD2MFcKZKlRM-GXtzmLIaSmDAZElTqlD0qkcAB4z-bkgy_E02o8r-xL8ELS"         \
    "JfbRe4TB6Q2j_C8vWOPnOGUN3ZpntPtgonpw6JweCjk_7VsA56mSK9AeVXDWghHuoqP1DGQvTMubz7HFoluu"         \
    "ddXxK765m1uQ"

#define VECTOR_PS512                                                                               \
    "eyJhbGciOiJQUzUxMiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJhdWQiOiJyZW5"         \
    "rdSJ9.KVVUgprYp62ZpTuK6-MA2hGQmfBqsMQ5B_Zvzme9EEgmNs68il44cumyJZKHve3SdOoKxCCmnNQvNr"         \
    "92PlXaYPiDEtpFn4twoKfeROm54DH3aJ5Rb_cADP2lXZSvt1Y-fSmcL3IPMDr07tkVy9HvsXTgSl1PG-bssr"         \
    "L9YOZRMkb_KKbswfNXk1H8fWIWoCnLWut6AbBXua5DMCxcIDAxKiJucuJIWbmkuT_4rz9RcWplLrv0QUHtDc"         \
    "-BEkDA8UMiv73P6CGisQSl32gW4W_tNZVGDK2zLQrpR_hm_Pzf3OEsKXuYxmgIUzDTFniUHW0ufb-hUvcokV"         \
    "Q6xQbmTS3D-w"

#define VECTOR_ES256                                                                               \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzMjU2IiwidHlwIjoiSldUIn0.eyJzdWIiOiJqb2UiLCJhdWQiOiJy"         \
    "ZW5rdSJ9.JC0_Nl576otDK10Nq4aHhsrjqcVdayH3l08zEb_EH2TML7FdPj3Y9wL0sChJ8c2mZBbdy-vETBg"         \
    "5jd1-n9uY_w"

#define VECTOR_ES384                                                                               \
    "eyJhbGciOiJFUzM4NCIsImtpZCI6ImVzMzg0IiwidHlwIjoiSldUIn0.eyJzdWIiOiJqb2UiLCJhdWQiOiJy"         \
    "ZW5rdSJ9.q8fxzd5Y0l-uByoSheF0uKJupoi3TBJJS3l-x48A9jyIpBmmHEXOUaix5y5L-LTRFJw1fQfcEHN"         \
    "Q2Uto3Y5dmJZ7Apz2o_AjT-BpmjSIbORwB4GBNvRv4Lv_CJ_UZh6i"

#define VECTOR_ES512                                                                               \
    "eyJhbGciOiJFUzUxMiIsImtpZCI6ImVzNTEyIiwidHlwIjoiSldUIn0.eyJzdWIiOiJqb2UiLCJhdWQiOiJy"         \
    "ZW5rdSJ9.AOzUJZDEnz2dPmEXpWZzI82TUI4L_9lPHpHGTVCYsxlNT8rPrMchvPCFsm46fNbW5LLFHfFAb-v"         \
    "0vwasVtLoGYX9AeoP_9U18FW0xx0Q5GQYmvB6fbYoVvgqYWkIGKcUn-NSJ4Au0u8QzGRBBAoG3BVg-HoO9ZD"         \
    "P87p0rdmX2n5U3CKZ"

#define VECTOR_ED25519                                                                             \
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkMjU1MTkiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJqb2UiLCJhdWQiO"         \
    "iJyZW5rdSJ9.6FOIuBkJUiaGsABAmzdyCWo60yhaO-k3kKJnXlbRtk-ovbYMwtaqIhHJ4PVgyNyXkRTNoiz9"         \
    "43elEDLXBEYKDg"

#define VECTOR_ED448                                                                               \
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkNDQ4IiwidHlwIjoiSldUIn0.eyJzdWIiOiJqb2UiLCJhdWQiOiJy"         \
    "ZW5rdSJ9.G-W4RB0GMjEeJoxxEyGIlKkBax4g59a-biPVEWuZOrSL2QofdVFyxrPzk7acNGHj18TlLyT6TPy"         \
    "AawxJ7kye7-Z_BNdpP0RZMZ3Qf3W9Oca1EFPOy9JODQoc9tDpdX7oJ256TA77I9oI92ioI6JwHhYA"

#endif
