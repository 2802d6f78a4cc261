#!/bin/sh
# SPDX-License-Identifier: ISC
# floors.sh - a check that has never failed proves nothing: each rule of the house meets what breaks it
here=$(cd "$(dirname "$0")" && pwd)
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
cd "$w" || exit 1
bad=0
seen=0
breaks() { # what is said, command...
	want=$1
	shift
	if said=$("$@" 2>&1) || ! printf '%s\n' "$said" | grep -qF "$want"; then
		printf 'not noticed: "%s"\n' "$want"
		bad=1
	fi
	seen=$((seen + 1))
}
holds() {
	"$@" > /dev/null 2>&1 || { echo "refused without a reason: $*"; bad=1; }
	seen=$((seen + 1))
}

echo 'a.o: src/base/a.c src/cmd/cmd.h' > up.d
breaks 'src/base/a.c (floor 0) includes src/cmd/cmd.h (floor 9)' awk -f "$here/floors.awk" up.d
echo 'a.o: src/cmd/a.c src/store/store.h' > private.d
breaks 'src/cmd/a.c includes src/store/store.h, which is no public header' awk -f "$here/floors.awk" private.d
echo 'a.o: src/cmd/a.c include/kstool/store.h src/cmd/cmd.h' > down.d
holds awk -f "$here/floors.awk" down.d
: > none.d
breaks 'floors: 0 files' awk -f "$here/floors.awk" none.d

printf 'build/src/base/a.o:  U cmd_run\nbuild/src/cmd/b.o:0 T cmd_run\n' > up.nm
breaks 'build/src/base/a.o calls cmd_run up in build/src/cmd/b.o' awk -f "$here/calls.awk" up.nm
printf 'build/src/cmd/b.o:  U kst_free\nbuild/src/base/a.o:0 T kst_free\n' > down.nm
holds awk -f "$here/calls.awk" down.nm

mkdir -p src/cmd include formats tests/corpus/pem
touch formats/pem.c formats/pem.md tests/corpus/pem/good-1 tests/corpus/pem/bad-1
echo 'KST_FORMAT(pem)' > formats/formats.def
echo '/* empty */' > src/cmd/a.c
holds sh "$here/rooms.sh"
rule() { # what is said, the line that breaks it
	printf '%s\n' "$2" > src/cmd/a.c
	breaks "$1" sh "$here/rooms.sh"
	echo '/* empty */' > src/cmd/a.c
}
rule 'OpenSSL is known in a room' '#include <openssl/evp.h>'
rule 'libssl is known in a room' '#include <openssl/ssl.h>'
rule 'SQLite is known in a room' '#include <sqlite3.h>'
rule 'libcsv is known in a room' '#include <csv.h>'
rule 'libsodium is known in a room' '#include <sodium.h>'
rule 'jansson is known in a room' '#include <jansson.h>'
mkdir -p src/verify
echo '	if (kst_cert_issued_by(a, b))' > src/verify/a.c
breaks 'kst_cert_issued_by() is known in a room' sh "$here/rooms.sh"
rm -r src/verify
rule 'malloc is known in a room' 'p = malloc(1);'
rule 'a command prints by itself' '	puts("x");'
rule 'a passphrase outside struct kst_secret' 'char *password;'
rule 'src/cmd/a.c has 701 lines' "$(seq 701)"
echo '	fd = open(path, O_RDONLY);' > formats/pem.c
breaks 'a format opens a file' sh "$here/rooms.sh"
: > formats/pem.c
rm formats/pem.md
breaks 'formats/pem.md is missing' sh "$here/rooms.sh"
touch formats/pem.md
rm tests/corpus/pem/bad-1
breaks 'tests/corpus/pem has no bad- file' sh "$here/rooms.sh"
[ $bad = 1 ] || echo "floors: each of $seen made-up houses is judged right"
exit $bad
