#!/bin/sh
# SPDX-License-Identifier: ISC
# rooms.sh - which folder may know which library, how large a file may be, and that
# every format has its specification.  Prints what breaks a rule.
bad=0
only() { # what, pattern, allowed files (extended regex)
	found=$(grep -rlE "$2" src include formats | grep -vE "$3")
	[ -z "$found" ] || { printf '%s is known in a room that should not know it:\n%s\n' "$1" "$found"; bad=1; }
}
only OpenSSL '#include <openssl/' '^src/(crypto|net|revocation|verify|tls|ca|provider)/|^formats/(pem|der|pkcs12|pkcs7)'
only libssl '#include <openssl/ssl' '^src/tls/'
only SQLite '#include <sqlite3.h>' '^src/ca/ledger'
only libcsv '#include <csv.h>' '^src/ca/batch'
only libsodium '#include <sodium.h>' '^src/base/secret\.c|^src/crypto/|^formats/kst1|^src/main\.c'
# jansson: the document that is answered, formats that are JSON, and rows of a batch that are
only jansson '#include <jansson.h>' '^src/ui/json\.c|^src/ca/batch_json\.c|^formats/(jwks|jwks_write|jwks_file|k8s)\.[ch]'
# Where OpenSSL does not know the algorithm, it goes by names: good enough to sort a chain, and for nothing else.
only 'kst_cert_issued_by()' 'kst_cert_issued_by' '^include/|^src/(crypto|model|store|cmd)/|^src/ca/takeover\.c|^formats/'
only malloc '[^_a-z](malloc|calloc|realloc|strdup|strndup|asprintf) ?\(' '^src/base/alloc\.c|^include/kstool/alloc\.h|^src/base/(text|width|utf8)|^src/ui/json\.c'
found=$(grep -nE '[^_a-z](printf|puts|putchar|fprintf|fputs) ?\(' src/cmd/*.c)
[ -z "$found" ] || { printf 'a command prints by itself:\n%s\n' "$found"; bad=1; }
found=$(grep -rnE 'char \*?pass(word|phrase)' src include formats | grep -vE 'const char|^[^:]*:[0-9]*: \*')
[ -z "$found" ] || { printf 'a passphrase outside struct kst_secret:\n%s\n' "$found"; bad=1; }
found=$(grep -nE '"base/file\.h"|[^_a-z](open|openat|fopen|stat|lstat|unlink|rename) ?\(' formats/*.[ch])
[ -z "$found" ] || { printf 'a format opens a file:\n%s\n' "$found"; bad=1; }
for f in $(find src include formats tests -name '*.[ch]'); do
	n=$(wc -l < "$f")
	[ "$n" -le 700 ] || { echo "$f has $n lines"; bad=1; }
done
for name in $(sed -n 's/^KST_FORMAT(\(.*\))/\1/p' formats/formats.def); do
	for e in c md; do [ -e "formats/$name.$e" ] || { echo "formats/$name.$e is missing"; bad=1; }; done
	for k in good bad; do
		ls tests/corpus/"$name"/$k-* >/dev/null 2>&1 || { echo "tests/corpus/$name has no $k- file"; bad=1; }
	done
done
total=$(find src include formats -name '*.[ch]' -exec cat {} + | wc -l)
count=$(find src include formats -name '*.[ch]' | wc -l)
echo "rooms: $count files, mean $((total / count)) lines"
exit $bad
