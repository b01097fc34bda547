"""The tests. They keep compiled templates for one another: compiling takes longer than most tests.

Chameleon reads the variable when it is imported, so it is set here, before anything else.
"""

import atexit
import os
import shutil
import tempfile

if "CHAMELEON_CACHE" not in os.environ:
    os.environ["CHAMELEON_CACHE"] = tempfile.mkdtemp(prefix="teahouse-templates-")
    atexit.register(shutil.rmtree, os.environ["CHAMELEON_CACHE"], ignore_errors=True)
