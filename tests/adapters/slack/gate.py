"""Runs inside the network namespace of the end-to-end tests: its loopback, reached from outside by a Unix socket.

The first line a client sends is a port; the rest goes to 127.0.0.1 at that port. Standard library only.
"""

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import sys

_SET_FLAGS, _UP = 0x8914, 0x1


def raise_loopback() -> None:
    """`ip link set lo up`, without needing that program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        port = int(await reader.readline())
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, ValueError):
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    inner_writer.close()
    writer.close()


async def main(path: str) -> None:
    """Open the gate, say so by printing the process id, and stay until standard input ends."""
    raise_loopback()
    async with await asyncio.start_unix_server(_serve, path):
        print(os.getpid(), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
