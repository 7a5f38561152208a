# SPDX-License-Identifier: Apache-2.0
"""An NBD client that can be rude: each message of the protocol is a call of its own, none is sent unasked."""
import socket
import struct
from dataclasses import dataclass

from .errors import Failure, check, equal

NBDMAGIC = 0x4E42444D41474943
IHAVEOPT = 0x49484156454F5054
REPLY_MAGIC = 0x0003E889045565A9
REQUEST_MAGIC = 0x25609513
SIMPLE_REPLY_MAGIC = 0x67446698
STRUCTURED_REPLY_MAGIC = 0x668E33EF

OPT_EXPORT_NAME, OPT_ABORT, OPT_LIST, OPT_STARTTLS, OPT_INFO, OPT_GO, OPT_STRUCTURED_REPLY = 1, 2, 3, 5, 6, 7, 8
REP_ACK, REP_SERVER, REP_INFO = 1, 2, 3
ERR_UNSUP, ERR_POLICY, ERR_INVALID, ERR_UNKNOWN = 0x80000001, 0x80000002, 0x80000003, 0x80000006
INFO_EXPORT, INFO_NAME, INFO_DESCRIPTION, INFO_BLOCK_SIZE = 0, 1, 2, 3
CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH, CMD_TRIM, CMD_WRITE_ZEROES = 0, 1, 2, 3, 4, 6
FLAG_FUA, FLAG_NO_HOLE, FLAG_DF, FLAG_FAST_ZERO = 1, 2, 4, 16
EPERM, EIO, EINVAL, ENOSPC, ENOTSUP = 1, 5, 22, 28, 95
HAS_FLAGS, READ_ONLY, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES = 1, 2, 4, 8, 32, 64
SEND_DF, CAN_MULTI_CONN = 128, 256
MAX_PAYLOAD = 32 << 20


def request(command: int, cookie: int, offset: int, length: int, flags: int = 0, data: bytes = b"",
            magic: int = REQUEST_MAGIC) -> bytes:
    return struct.pack(">IHHQQI", magic, flags, command, cookie, offset, length) + data


def option(number: int, data: bytes = b"", length: int | None = None, magic: int = IHAVEOPT) -> bytes:
    return struct.pack(">QII", magic, number, len(data) if length is None else length) + data


def go_data(name: str, infos: tuple[int, ...] = ()) -> bytes:
    text = name.encode()
    return struct.pack(">I", len(text)) + text + struct.pack(f">H{len(infos)}H", len(infos), *infos)


@dataclass
class OptionReply:
    option: int
    kind: int
    data: bytes


@dataclass
class Chunk:
    """A simple reply (kind None), or one chunk of a structured reply."""
    cookie: int
    error: int
    data: bytes = b""
    kind: int | None = None
    done: bool = True


class NbdConnection:
    """Connects and reads the greeting; `flags` are sent in answer unless None."""

    def __init__(self, address: str | tuple[str, int], flags: int | None = 3, timeout: float = 30.0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.structured = False
        self.size = self.transmission_flags = 0
        magic, have_option, self.server_flags = struct.unpack(">QQH", self.receive(18))
        equal((magic, have_option), (NBDMAGIC, IHAVEOPT), "the greeting's magic numbers")
        if flags is not None:
            self.send(struct.pack(">I", flags))

    def __enter__(self) -> "NbdConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            check(part, f"the server closed the connection after {len(data)} of {count} bytes")
            data += part
        return bytes(data)

    def expect_closed(self) -> bytes:
        """Read until the server has closed the connection, which has to come; what came before."""
        rest = bytearray()
        try:
            while part := self.socket.recv(1 << 16):
                rest += part
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise Failure("the server keeps a connection open that it should close") from None
        return bytes(rest)

    def option_reply(self) -> OptionReply:
        magic, number, kind, length = struct.unpack(">QIII", self.receive(20))
        equal(magic, REPLY_MAGIC, "magic of an option reply")
        check(length <= MAX_PAYLOAD, f"option reply of {length} bytes")
        return OptionReply(number, kind, self.receive(length))

    def ask(self, number: int, data: bytes = b"") -> list[OptionReply]:
        """Send an option; its replies up to the one that ends it."""
        self.send(option(number, data))
        replies = [self.option_reply()]
        while replies[-1].kind in (REP_SERVER, REP_INFO):
            replies.append(self.option_reply())
        check(all(reply.option == number for reply in replies), f"replies to another option: {replies}")
        return replies

    def go(self, name: str, structured: bool = False) -> "NbdConnection":
        """Enter transmission."""
        if structured:
            equal(self.ask(OPT_STRUCTURED_REPLY)[-1].kind, REP_ACK, "answer to STRUCTURED_REPLY")
            self.structured = True
        replies = self.ask(OPT_GO, go_data(name))
        check(replies[-1].kind == REP_ACK, f"GO '{name}' refused: {replies[-1]}")
        for reply in replies:
            if reply.kind == REP_INFO and struct.unpack_from(">H", reply.data)[0] == INFO_EXPORT:
                self.size, self.transmission_flags = struct.unpack_from(">QH", reply.data, 2)
        check(self.size and self.transmission_flags, f"GO without INFO_EXPORT: {replies}")
        return self

    def chunk(self, read_bytes: int = 0) -> Chunk:
        """The next simple reply or chunk; a simple reply without an error carries `read_bytes`."""
        magic = struct.unpack(">I", self.receive(4))[0]
        if magic == SIMPLE_REPLY_MAGIC:
            error, cookie = struct.unpack(">IQ", self.receive(12))
            return Chunk(cookie, error, self.receive(0 if error else read_bytes))
        equal(magic, STRUCTURED_REPLY_MAGIC, "magic of a reply")
        check(self.structured, "a structured reply that was not negotiated")
        flags, kind, cookie, length = struct.unpack(">HHQI", self.receive(16))
        data = self.receive(length)
        error = struct.unpack_from(">I", data)[0] if kind & 0x8000 else 0
        return Chunk(cookie, error, data, kind, bool(flags & 1))

    def reply(self, cookie: int, read_bytes: int = 0) -> Chunk:
        """The whole reply to `cookie`: the pieces of a structured read put together."""
        whole = Chunk(cookie, 0, bytes(read_bytes))
        buffer = bytearray(read_bytes)
        base = None
        while True:
            chunk = self.chunk(read_bytes)
            equal(chunk.cookie, cookie, "cookie of a reply")
            whole.kind, whole.error = chunk.kind, whole.error or chunk.error
            if chunk.kind is None:
                return chunk
            if chunk.kind == 1 and not whole.error:
                offset = struct.unpack_from(">Q", chunk.data)[0]
                base = offset if base is None else base
                buffer[offset - base:offset - base + len(chunk.data) - 8] = chunk.data[8:]
            if chunk.done:
                check(len(buffer) == read_bytes, "more data than asked for")
                whole.data = bytes(buffer)
                return whole

    def read(self, offset: int, length: int, flags: int = 0) -> bytes:
        reply = self.command(CMD_READ, offset, length, flags, read_bytes=length)
        equal(reply.error, 0, f"read of {length} bytes at {offset}: error")
        return reply.data

    def write(self, offset: int, data: bytes, flags: int = 0) -> None:
        equal(self.command(CMD_WRITE, offset, len(data), flags, data).error, 0, f"write at {offset}: error")

    def command(self, command: int, offset: int, length: int, flags: int = 0, data: bytes = b"",
                read_bytes: int = 0) -> Chunk:
        self.send(request(command, 0x1122334455667788, offset, length, flags, data))
        return self.reply(0x1122334455667788, read_bytes)

    def disconnect(self) -> None:
        self.send(request(CMD_DISC, 0, 0, 0))
        equal(self.expect_closed(), b"", "bytes after a disconnect")
        self.close()
