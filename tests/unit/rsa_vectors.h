/* SPDX-License-Identifier: Apache-2.0 */
/* The key pair of secrets.md 4.8, which is made up. */
#ifndef RSA_VECTORS_H
#define RSA_VECTORS_H

static const char private_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDmxhXohLn7X11M\n"
    "W8RUd6pWOe1zVROoV8AtiftQaSsQf4M30IgTDQohRh8rqtspDUJAks0FMSdDbhu5\n"
    "b9JGhibPiwItoeN4B6Drk8dU2JCk3LrBkfDLoRiwlDVn6uN3sPPemVxvkP7jBAZc\n"
    "eImw6HyqoyjxwPdKXV88NAhHhMlC5nojp8pmjc5H0sNPSPg//QtVQvILHDaB3IdM\n"
    "q6V6e0JG91nC3zMrlrBQLVnjaChofdEarRW4OWKpCtiLCEju4HND+i3PhdQhoL3m\n"
    "lBS640njOnRPCFfjHW2S7tzNMsZUa6bEUadrAhl6Wh+n0vWPN9Hp5Tk/ZpfqIqF8\n"
    "hc4Reg8NAgMBAAECggEBAIf/qJ2Uyn3HX5ZGZldZBjs2fCcBtkn5HLo5nK9wqv5Y\n"
    "Bx53eBmyD4w4ZNo5IFr7A1ZGrSgoJXlphFEuAv+ow2qAA1KdGw57gGwUdN4dmnBt\n"
    "3GmC9iMq1wAI98g79r1svOsr+fuNuYhTsOQB7TMib4WoDdMa4yEiEaPLDi4HpQwU\n"
    "5NAQ2aforgt6QNvl0eigmSlN8UHqbV0IyfZzo3nIV8mYnB6u17qdfhxVfvkDhmo8\n"
    "Uaueapog5/gLZ7PipmrZHEPwZGv3bNqzwWz3VOxhcQ/bfZPY8FdH0s/OVJutZI10\n"
    "FVq521UAPOukhBTSCj/mGnuAnsZErG8eLLGNgkyio0kCgYEA9+oSmcKuBNh5qs0P\n"
    "dvFqQ5VlvXCwiYc4HAi5VhsQMM+MBvCTHJCvGh9W01VsFOSjuqNuxEhcSiiGN+kd\n"
    "S53vMv94j41cVnJQJv5J3bFl6LGLzCDqzV/WJfaBCeXpfohyAKtQjkDDNy+hVrcD\n"
    "cK/ZzIN6H6ZcIDahP+Gd6ellZBMCgYEA7kzmZwA0bl+p06cFTTEge4LIfqtWls3f\n"
    "lxw+0J22b3Tzaypa5K8ZiHiji4JeVrA0NRbTsWzRYEtBv8b0bSBffH/CZrlJqNWi\n"
    "x7a31ddFX7Nhz8hCw72RKJ6ORgLi/YOQG1/QQqBTa0mPGC4paziisDBMFztzyZAK\n"
    "KkKdaoaD5F8CgYEA2eufvhkq7od7K3Blj6BWUGIatJNCGyIJaFsiz1Wqvb0y0UbX\n"
    "idyEjunNYKdOAm+YnI7c5xzUQzur/6miXr3NbX6zczxHVpXVbvFH7N/rPMgUorKs\n"
    "syrzCxvMAe9feCJoU75DaUf0UaZEo/zrwTpSsTtBNmD9yjM7OvQP43WN8pECgYBD\n"
    "uuGllt5QHKqFOKx+Ex97W2Gm9wXmWN9a8LE91AWdSi1BYUlyQ/5K1pcNOOGdW/mK\n"
    "uVEz1YzxBJLMcjzYo2HgXeOgFLvF2+qnPtyjT8ss9ywuxWmMft26IM6pQXrIuVMF\n"
    "JMdpmG39SWv9YGlvSyqaTy/hTomLWYA6ILLjKxZjmwKBgFdrNB9NnsR/zBA2rkq1\n"
    "1GgACKAPoH50lSSANmSn2QPtMR6d4zA/D5BNj86nf7sB0413haScOZR9sqrGA7d/\n"
    "UUuOMsa/q8IuaXwSASF61Y8Lt2PKXhxfEW6qjjd2UfgBiFzYqZSSm4Uppt9zGgqp\n"
    "bAAwqYrG5eJQfCd1cj6P30jB\n"
    "-----END PRIVATE KEY-----\n";

static const char public_pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5sYV6IS5+19dTFvEVHeq\n"
    "Vjntc1UTqFfALYn7UGkrEH+DN9CIEw0KIUYfK6rbKQ1CQJLNBTEnQ24buW/SRoYm\n"
    "z4sCLaHjeAeg65PHVNiQpNy6wZHwy6EYsJQ1Z+rjd7Dz3plcb5D+4wQGXHiJsOh8\n"
    "qqMo8cD3Sl1fPDQIR4TJQuZ6I6fKZo3OR9LDT0j4P/0LVULyCxw2gdyHTKulentC\n"
    "RvdZwt8zK5awUC1Z42goaH3RGq0VuDliqQrYiwhI7uBzQ/otz4XUIaC95pQUuuNJ\n"
    "4zp0TwhX4x1tku7czTLGVGumxFGnawIZelofp9L1jzfR6eU5P2aX6iKhfIXOEXoP\n"
    "DQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

#endif
