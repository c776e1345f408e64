# SPDX-License-Identifier: Apache-2.0
"""Requests whose end two readers may see in different places. RFC 9112 2.2, 5, 6, 7, 11.2"""

HOST = b"Host: a\r\n"
GET = b"GET /api/data/echo/first HTTP/1.1\r\n" + HOST
POST = b"POST /api/data/echo/first HTTP/1.1\r\n" + HOST
HIDDEN = b"GET /api/data/echo/hidden HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
SIZE = b"%x" % len(HIDDEN)
LENGTH = b"%d" % len(HIDDEN)


def alone(line: bytes) -> bytes:
    """A request of which only its first line is odd."""
    return line + b"\r\n" + HOST + b"\r\n" + HIDDEN


def encoding(line: bytes, ending: bytes = b"\r\n") -> bytes:
    return POST + line + ending + b"\r\n" + END + HIDDEN


def length(*values: bytes) -> bytes:
    return POST + b"".join(b"Content-Length: " + value + b"\r\n" for value in values) + b"\r\n" + HIDDEN


def chunk(line: bytes, data: bytes = b"a", ending: bytes = b"\r\n") -> bytes:
    return CHUNKED + line + b"\r\n" + data + ending + END + HIDDEN


def trailer(lines: bytes) -> bytes:
    return CHUNKED + b"1\r\na\r\n0\r\n" + lines + b"\r\n" + HIDDEN


# What must be refused: nothing behind it may be taken for a request.
REFUSED = {
    "length and encoding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + END + HIDDEN,
    "encoding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: " + LENGTH + b"\r\n\r\n" + END + HIDDEN,
    "encoding that is unknown": encoding(b"Transfer-Encoding: xchunked"),
    "encoding in quotes": encoding(b'Transfer-Encoding: "chunked"'),
    "encoding and identity": encoding(b"Transfer-Encoding: chunked, identity"),
    "identity and encoding": encoding(b"Transfer-Encoding: identity, chunked"),
    "gzip and encoding": encoding(b"Transfer-Encoding: gzip, chunked"),
    "encoding twice": encoding(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    "encoding, then another": encoding(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
    "encoding with a parameter": encoding(b"Transfer-Encoding: chunked;q=1"),
    "empty encoding": encoding(b"Transfer-Encoding:"),
    "blank before the colon": encoding(b"Transfer-Encoding : chunked"),
    "tab before the colon": encoding(b"Transfer-Encoding\t: chunked"),
    "vertical tab": encoding(b"Transfer-Encoding:\x0bchunked"),
    "NUL behind the encoding": encoding(b"Transfer-Encoding: chunked\0"),
    "NUL in the name": encoding(b"Transfer-\0Encoding: chunked"),
    "high byte in the name": encoding(b"Transfer-Encoding\xa0: chunked"),
    "folded encoding": encoding(b"Transfer-Encoding:\r\n chunked"),
    "folded before": encoding(b"X: y\r\n\tz\r\nTransfer-Encoding: chunked"),
    "blank before the first field": b"POST /x HTTP/1.1\r\n Transfer-Encoding: chunked\r\n" + HOST + b"\r\n" + END + HIDDEN,
    "bare LF before the encoding": encoding(b"X: y\nTransfer-Encoding: chunked"),
    "bare CR before the encoding": encoding(b"X: y\rTransfer-Encoding: chunked"),
    "bare LF at the end of the head": POST + b"Transfer-Encoding: chunked\r\n\n" + END + HIDDEN,
    "encoding in HTTP/1.0": b"POST /x HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + END + HIDDEN,
    "two lengths": length(b"0", LENGTH),
    "two lengths, first larger": length(LENGTH, b"0"),
    "list of lengths": length(b"0, " + LENGTH),
    "list of equal lengths": length(LENGTH + b", " + LENGTH),
    "signed length": length(b"+" + LENGTH),
    "negative length": length(b"-1"),
    "hexadecimal length": length(b"0x1"),
    "length with an underscore": length(b"1_0"),
    "length with a point": length(b"1.0"),
    "length with an exponent": length(b"1e1"),
    "length in words": length(b"ten"),
    "length in other digits": length(b"\xd9\xa1"),
    "empty length": length(b""),
    "NUL behind the length": length(b"5\0"),
    "blank before the colon of the length": POST + b"Content-Length : " + LENGTH + b"\r\n\r\n" + HIDDEN,
    "length beyond 64 bits": length(b"18446744073709551617"),
    "length of 1000 digits": length(b"9" * 1000),
    "signed chunk": chunk(b"+1"),
    "negative chunk": chunk(b"-1"),
    "chunk with 0x": chunk(b"0x1"),
    "chunk with a blank before": chunk(b" 1"),
    "chunk with a blank behind": chunk(b"1 "),
    "chunk with a blank and an extension": chunk(b"1 ;x"),
    "chunk with an underscore": chunk(b"1_"),
    "chunk without size": chunk(b""),
    "chunk with only an extension": chunk(b";x=1"),
    "chunk beyond 64 bits": chunk(b"1" + b"0" * 15 + b"01"),
    "chunk of all bits": chunk(b"f" * 16),
    "chunk that wraps around": chunk(b"fffffffffffffff1"),
    "chunk that is too short": chunk(b"2"),
    "chunk that is too long": chunk(b"1", b"ab"),
    "chunk without its end": chunk(b"1", b"a", b""),
    "chunk that ends with LF": chunk(b"1", b"a", b"\n"),
    "chunk that ends with CR": chunk(b"1", b"a", b"\r"),
    "chunk line that ends with LF": CHUNKED + b"1\na\r\n" + END + HIDDEN,
    "chunk line that ends with CR": CHUNKED + b"1\ra\r\n" + END + HIDDEN,
    "extension with LF": CHUNKED + b"1;x\na\r\n" + SIZE + b"\r\n" + HIDDEN + b"\r\n" + END,
    "extension with NUL": chunk(b"1;\0"),
    "extension of 2 KB": chunk(b"1;" + b"x" * 2048),
    "trailer that is folded": trailer(b"X: y\r\n z\r\n"),
    "trailer with LF": trailer(b"X: y\nZ: z\r\n"),
    "trailer with a blank name": trailer(b"X y: z\r\n"),
    "trailer with NUL": trailer(b"X: \0\r\n"),
    "trailer of 100 KB": trailer(b"X: y\r\n" * 17000),
    "no version": alone(b"GET /api/data/echo/first"),
    "small version": alone(b"GET /api/data/echo/first http/1.1"),
    "version of three digits": alone(b"GET /api/data/echo/first HTTP/1.10"),
    "version with a nought": alone(b"GET /api/data/echo/first HTTP/01.1"),
    "two blanks": alone(b"GET  /api/data/echo/first HTTP/1.1"),
    "tab between": alone(b"GET\t/api/data/echo/first\tHTTP/1.1"),
    "blank behind the version": alone(b"GET /api/data/echo/first HTTP/1.1 "),
    "blank in the target": alone(b"GET /api/data/echo/first x HTTP/1.1"),
    "LF in the target": alone(b"GET /api/data/echo/first\n HTTP/1.1"),
    "NUL in the target": alone(b"GET /api/data/echo/\0first HTTP/1.1"),
    "fragment in the target": alone(b"GET /api/data/echo/first#x HTTP/1.1"),
    "two Hosts": GET + b"Host: b\r\n\r\n" + HIDDEN,
    "two equal Hosts": GET + HOST + b"\r\n" + HIDDEN,
    "no Host": b"GET /api/data/echo/first HTTP/1.1\r\n\r\n" + HIDDEN,
    "Host with a path": b"GET /api/data/echo/first HTTP/1.1\r\nHost: a/b\r\n\r\n" + HIDDEN,
    "Host with a user": b"GET /api/data/echo/first HTTP/1.1\r\nHost: a@b\r\n\r\n" + HIDDEN,
    "list of Hosts": b"GET /api/data/echo/first HTTP/1.1\r\nHost: a, b\r\n\r\n" + HIDDEN,
    "Host with a blank": b"GET /api/data/echo/first HTTP/1.1\r\nHost: a b\r\n\r\n" + HIDDEN,
    "absolute target of another scheme": alone(b"GET ftp://a/api/data/echo HTTP/1.1"),
    "absolute target without host": alone(b"GET http:///api/data/echo HTTP/1.1"),
    "absolute target with a user": alone(b"GET http://u@a/api/data/echo HTTP/1.1"),
    "absolute target whose host comes late": alone(b"GET http:/api?x=://a/api/data/echo HTTP/1.1"),
    "target without a slash": alone(b"GET api/data/echo HTTP/1.1"),
    "asterisk of another method": alone(b"GET * HTTP/1.1"),
    "no name": GET + b": x\r\n\r\n" + HIDDEN,
    "no colon": GET + b"xyz\r\n\r\n" + HIDDEN,
}

# What is taken, and how many requests there are in it.
TAKEN = {
    "equal lengths": (length(LENGTH, LENGTH), 1),
    "length with noughts": (length(b"000" + LENGTH), 1),
    "length with blanks around": (length(b" \t " + LENGTH + b" \t"), 1),
    "length in GET": (GET + b"Content-Length: " + LENGTH + b"\r\n\r\n" + HIDDEN, 1),
    "length of nothing": (length(b"0"), 2),
    "encoding in capitals": (POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + SIZE + b"\r\n" + HIDDEN + b"\r\n" + END, 1),
    "request in a chunk": (CHUNKED + SIZE + b"\r\n" + HIDDEN + b"\r\n" + END, 1),
    "request behind the last chunk": (CHUNKED + END + HIDDEN, 2),
    "extension": (chunk(b'1;a=b;c="d"'), 2),
    "size with noughts": (chunk(b"0001"), 2),
    "size in capitals": (chunk(b"A", b"0123456789"), 2),
    "length in the trailer": (trailer(b"Content-Length: " + LENGTH + b"\r\n"), 2),
    "encoding in the trailer": (trailer(b"Transfer-Encoding: chunked\r\n"), 2),
    "other names for an encoding": (GET + b"X-Transfer-Encoding: chunked\r\nTE: chunked\r\n\r\n" + HIDDEN, 2),
    "upgrade to HTTP/2": (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n" + HIDDEN, 2),
}
