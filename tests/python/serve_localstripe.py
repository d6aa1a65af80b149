"""Serves localstripe on loopback, on a port of the system's choice, which it prints.

Its own command listens on every address and keeps its state in a file that all of them share. The clock stands still at the
time that is given, in seconds since the epoch, so that what is signed now is signed then.
"""

import socket
import sys
import time

NOW = int(sys.argv[1])
time.time = lambda: NOW

from aiohttp import web  # noqa: E402
from localstripe import resources, server  # noqa: E402

resources.Store.dump_to_disk = lambda store: None

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
web.run_app(server.app, sock=listener, print=None, access_log=None)
