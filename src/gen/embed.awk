# SPDX-License-Identifier: ISC
# embed.awk - text files as a C table, so that a container without files has them too.
#   awk -v table=pages -f src/gen/embed.awk FILE... > pages.h
# A row is { file name without .scd, short name, lines }: { "kstool-from-keytool.7", "keytool", ... }.
# With -v first=1 only the first paragraph below the title is taken.
function start(path, name, key) {
	name = path
	sub(/.*\//, "", name)
	sub(/\.scd$/, "", name)
	key = name
	sub(/^kstool[-.](from-)?/, "", key)
	sub(/\..*/, "", key)
	if (key == "_kstool") key = "zsh" # it finds a function in a file of its name
	if (nr) print "\tNULL\n};"
	nr++ # by itself: one awk counts before it looks at the right side, another after
	row[nr] = "{ \"" name "\", \"" key "\", " table "_line" nr " },"
	printf "static const char *const %s_line%d[] = {\n", table, nr
	part = 0
}
FNR == 1 { start(FILENAME) }
first {
	if (FNR == 1) next
	if ($0 == "") { part += part % 2; next }
	if (part >= 2) next
	part = 1
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\\&")
	gsub(/\t/, "\\t")
	print "\t\"" $0 "\","
}
END {
	if (nr) print "\tNULL\n};"
	printf "static const struct embedded %s[] = {\n", table
	for (i = 1; i <= nr; i++) print "\t" row[i]
	print "\t{ NULL, NULL, NULL }\n};"
}
