#!/bin/sh
# SPDX-License-Identifier: ISC
# make.sh - makes the files of tests/corpus that kstool's own makers know: the same bytes every time.
# Not run by any test.  Needs python3, openssl and libsodium.
set -eu
cd "$(dirname "$0")/make"
export PYTHONDONTWRITEBYTECODE=1
for m in kst1 pkcs12 pem pkcs7 jks jwks trust bks bcfks k8s; do
	python3 -c "import $m; print('$m:', $m.make(), 'files')"
done
