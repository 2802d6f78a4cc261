# SPDX-License-Identifier: ISC
# calls.awk - a call goes down only.  Public headers are visible to all floors, so
# the includes cannot show this; the symbols of the objects can.
#   nm -A $(objects) | awk -f tests/calls.awk
function floor(path) {
	if (path ~ /src\/base\//) return 0
	if (path ~ /src\/crypto\//) return 1
	if (path ~ /src\/model\//) return 2
	if (path ~ /formats\//) return 3
	if (path ~ /src\/(net|store)\//) return 4
	if (path ~ /src\/revocation\//) return 5
	if (path ~ /src\/verify\//) return 6
	if (path ~ /src\/(tls|ca)\//) return 7
	if (path ~ /src\/ui\//) return 8
	if (path ~ /src\/cmd\//) return 9
	if (path ~ /src\/main\.o/) return 10
	return -1
}
{
	split($1, part, ":")
	file = part[1]
	kind = $(NF - 1); name = $NF
	if (kind ~ /^[TDRBVW]$/) { home[name] = file }
	else if (kind == "U") { uses[++nr] = file SUBSEP name }
}
END {
	for (i = 1; i <= nr; i++) {
		split(uses[i], u, SUBSEP)
		if (!(u[2] in home)) continue
		f = floor(u[1]); t = floor(home[u[2]])
		if (f < 0 || t < 0) continue
		calls++
		if (t > f) { printf "%s calls %s up in %s\n", u[1], u[2], home[u[2]]; bad = 1 }
	}
	printf "calls: %d looked at, %s\n", calls, bad ? "something climbs" : "every call goes down"
	exit bad || calls == 0
}
