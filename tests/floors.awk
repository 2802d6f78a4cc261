# SPDX-License-Identifier: ISC
# floors.awk - dependency goes down only.  Reads the compiler's own .d files and
# reports every include that climbs.  Public headers (include/) are visible to all.
#   awk -f tests/floors.awk $(find build -name '*.d')
function floor(path) {
	if (path ~ /^src\/base\//) return 0
	if (path ~ /^src\/crypto\//) return 1
	if (path ~ /^src\/model\//) return 2
	if (path ~ /^formats\//) return 3
	if (path ~ /^src\/(net|store)\//) return 4
	if (path ~ /^src\/revocation\//) return 5
	if (path ~ /^src\/verify\//) return 6
	if (path ~ /^src\/(tls|ca)\//) return 7
	if (path ~ /^src\/ui\//) return 8
	if (path ~ /^src\/cmd\//) return 9
	if (path ~ /^src\/main\.c/) return 10
	return -1
}
{
	sub(/\\$/, "")
	n = split($0, word, /[ \t]+/)
	for (i = 1; i <= n; i++) {
		w = word[i]
		if (w == "" || w ~ /:$/) continue
		if (FILENAME != last) { last = FILENAME; from = w }
		f = floor(from); t = floor(w)
		if (f < 0 || t < 0) continue
		seen[from] = 1
		if (t > f) { printf "%s (floor %d) includes %s (floor %d)\n", from, f, w, t; bad = 1 }
		# The tool's only door to the library are the public headers.
		else if (f >= 8 && t <= 7) { printf "%s includes %s, which is no public header\n", from, w; bad = 1 }
	}
}
END {
	for (s in seen) nr++
	printf "floors: %d files, %s\n", nr, bad ? "something climbs" : "every include goes down"
	exit bad || nr == 0
}
