"""Runs the emulator for as long as the process that started it lives.

The parent holds the other end of our standard input. However it dies, the system closes that end,
and we go, together with everything that the emulator has started.
"""

import os
import shutil
import signal
import sys
import threading


def die_with_parent():
    while sys.stdin.buffer.read(4096):
        pass
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


threading.Thread(target=die_with_parent, daemon=True).start()
sys.argv = ["ministack"]

from ministack.app import main

main()
