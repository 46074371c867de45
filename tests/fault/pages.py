"""Claims about the page in Chromium, beside what a test here has brought up."""
import os
import subprocess

from stack import ROOT


def hold(path, **environment):
    """Those of a file hold."""
    done = subprocess.run([ROOT / "tests/browser/run", path], text=True,
                          env=os.environ | environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
