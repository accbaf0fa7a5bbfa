"""Asks the bot in this container for /healthz: ends with 0 where it says 200, with 1 and a line where it does not."""

import http.client
import os
import sys

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
WITHIN = 4  # seconds


def main() -> int:
    """The exit status that Docker expects."""
    host, _, port = os.environ.get("SMTPBOT_LISTEN", "127.0.0.1:8451").rpartition(":")
    host = host.strip("[]")
    connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), int(port), timeout=WITHIN)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {type(error).__name__}")
        return 1
    finally:
        connection.close()
    if status != 200:
        print(f"status {status}")
    return int(status != 200)


if __name__ == "__main__":
    sys.exit(main())
