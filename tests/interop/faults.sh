# SPDX-License-Identifier: ISC
# faults.sh - each fault of a table at kstool and at real servers and clients: who refuses, and what is said
PYTHON=$(command -v /usr/bin/python3 || command -v python3) || { echo 'skipped: python3 is not installed'; exit 0; }
"$PYTHON" -c 'import cryptography' 2>/dev/null || { echo 'skipped: python3-cryptography is not installed'; exit 0; }
exec "$PYTHON" tests/interop/faults.py
