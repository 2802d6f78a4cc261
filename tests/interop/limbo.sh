# SPDX-License-Identifier: ISC
# limbo.sh - path validation against the x509-limbo project's cases, with OpenSSL's verdict beside kstool's
set -u
dir=${KST_CORPORA:-../shared/corpora}/x509-limbo
[ -r "$dir/limbo.json" ] || { echo "skipped: there is no $dir/limbo.json"; exit 0; }
PYTHON=$(command -v /usr/bin/python3 || command -v python3) || { echo 'skipped: python3 is not installed'; exit 0; }
command -v openssl >/dev/null || { echo 'skipped: openssl is not installed'; exit 0; }
exec "$PYTHON" tests/interop/limbo.py "$dir"
