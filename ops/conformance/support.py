"""What the conformance programs share: a check that ends the run, and servers of their own."""

import os
import re
import signal
import subprocess
import time
import urllib.request

# How long anything may take, in seconds.
PATIENCE = 60
# Of the servers, whatever a program changes for the client that it drives.
ENVIRONMENT = dict(os.environ)


def check(condition, what, detail=None):
    """Prints that `what` holds; where it does not, says so, kills the servers and ends the process with 1."""
    if not condition:
        print(f"FAILED: {what}: {detail}", flush=True)
        stop_all()
        os._exit(1)
    print(f"ok: {what}", flush=True)


# What was started here.
processes = []


def stop_all():
    """Kills everything that was started here and still runs."""
    for process in processes:
        if process.poll() is None:
            process.kill()


def stopped(signal, frame):
    stop_all()
    os._exit(1)


signal.signal(signal.SIGTERM, stopped)


def make_key(program, file, *arguments):
    """A new API key in `file`."""
    return subprocess.run(
        [program, "keys", "create", "--api-keys", file, *arguments], check=True, capture_output=True,
        text=True).stdout.strip()


class Server:
    """A `mneme ROLE` on a port of its own."""

    def __init__(self, program, role, folder, *arguments):
        log = open(f"{folder}.{role}.log", "w+")
        self.process = subprocess.Popen(
            [program, role, "--port", "0", "--data-dir", folder, *arguments], stderr=log, stdout=subprocess.DEVNULL,
            env=ENVIRONMENT)
        processes.append(self.process)
        end = time.monotonic() + PATIENCE
        while True:
            log.seek(0)
            said = log.read()
            found = re.search(r"mneme listens on (http://\S+)", said)
            if found:
                self.url = found.group(1)
                return
            if self.process.poll() is not None or time.monotonic() > end:
                check(False, f"mneme {role} starts", said)
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        check(self.process.wait(PATIENCE) == 0, f"the server at {self.url} ends when it is told to")

    def requests_in_flight(self):
        with urllib.request.urlopen(f"{self.url}/metrics") as response:
            text = response.read().decode()
        # The one that asks is one of them.
        return int(re.search(r"^mneme_http_requests_in_flight (\d+)", text, re.M).group(1)) - 1
