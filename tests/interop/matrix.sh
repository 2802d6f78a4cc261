# SPDX-License-Identifier: ISC
# matrix.sh - every format that kstool writes, opened by every reader that is installed, and theirs by kstool
PYTHON=$(command -v /usr/bin/python3 || command -v python3) || { echo 'skipped: python3 is not installed'; exit 0; }
exec "$PYTHON" tests/interop/matrix.py
