#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""options.py KSTOOL MANDIR: tables, man pages, help and completion say the same.

Options of each command in its table (--json), in its man page, in help and in what a shell offers
are the same set; each command and topic has a page; each reference leads to a page; mandoc finds
nothing wrong with a page.  Without scdoc there are no man pages: then their sources are looked at.
"""
import glob, json, os, re, shutil, subprocess, sys

KSTOOL, MANDIR = os.path.abspath(sys.argv[1]), sys.argv[2]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
bad = []


def kstool(*words):
	return subprocess.run([KSTOOL, *words], check=True, capture_output=True, text=True).stdout


def section(page, title):
	m = re.search(rf"^# {title}\n(.*?)(?=^# |\Z)", page, re.M | re.S)
	return m.group(1) if m else ""


def defined(text):
	"""options that a page defines: terms that start with an option"""
	return {o for line in text.split("\n") if re.match(r"\*-", line) for o in OPTION.findall(line.replace("*", ""))}


def offered(*words):
	return {l.split("\t")[0] for l in kstool("__complete", "--", *words, "--").split("\n") if l.startswith("--")}


def same(what, a, name_a, b, name_b):
	for x in sorted(a - b):
		bad.append(f"{what}: {x} is in {name_a} and not in {name_b}")
	for x in sorted(b - a):
		bad.append(f"{what}: {x} is in {name_b} and not in {name_a}")


def main():
	pages = {name: kstool("__man", name) for name in kstool("__man").split()}
	overview = json.loads(kstool("help", "--json"))
	plain = kstool("help", "--no-pager")
	common = offered()
	same("kstool", common, "completion", defined(section(pages["kstool.1"], "OPTIONS")), "kstool(1)")
	same("kstool", common, "completion", set(OPTION.findall(plain.split("OPTIONS OF ALL COMMANDS")[1].split("TOPICS")[0]
		)) & common, "help")
	for c in overview["commands"]:
		words = c["name"].split(" ")
		page = pages.get("kstool-" + "-".join(words) + ".1")
		if page is None:
			bad.append(f"{c['name']}: there is no man page")
			continue
		row = json.loads(kstool("help", *words, "--json"))
		table = {"--" + o["name"] for o in row["options"]}
		shell = offered(*words)
		same(c["name"], table, "the table", defined(section(page, "OPTIONS")), "the man page")
		same(c["name"], table, "the table", shell - common, "completion")
		for o in common - shell - {"--dry-run", "--check"}:
			bad.append(f"{c['name']}: completion does not offer {o}")
		# What is not its own is one of all commands' options; nothing else is spoken of.
		for o in set(OPTION.findall(page.replace("*", ""))) - table - common:
			bad.append(f"{c['name']}: the man page speaks of {o}, which nobody takes")
		text = kstool("help", *words)
		same(c["name"], table, "the table", set(OPTION.findall(text)) & table, "help")
		if kstool(*words, "--help") != text:
			bad.append(f"{c['name']}: --help and help differ")
	for t in overview["topics"]:
		if not any(re.fullmatch(rf"kstool-(from-)?{t}\.[57]", p) for p in pages):
			bad.append(f"topic {t}: there is no page")
	order = ["NAME", "SYNOPSIS", "EXAMPLES", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"]
	for name, page in pages.items():
		titles = [t for t in re.findall(r"^# (.*)$", page, re.M) if t in order]
		if titles != [t for t in order if t in titles] or "NAME" not in titles or "SEE ALSO" not in titles:
			bad.append(f"{name}: its sections are {titles}")
		for to, number in re.findall(r"\*(kstool[a-z-]*)\*\((\d)\)", page):
			if f"{to}.{number}" not in pages:
				bad.append(f"{name}: refers to {to}({number}), which is not there")
		if re.search(r"^%", page, re.M):
			bad.append(f"{name}: a line with % was not filled in")
	with open("README.md", encoding="utf-8") as f:
		readme = f.read()
	for row in json.loads(kstool("version", "--json"))["formats"]:
		if f"formats/{row['name']}.md" not in readme:
			bad.append(f"README does not name the format {row['title']} (formats/{row['name']}.md)")
	made = sorted(glob.glob(os.path.join(MANDIR, "kstool*.[157]")))
	if not shutil.which("scdoc"):
		print("man pages skipped: there is no scdoc")
	elif sorted(pages) != [os.path.basename(m) for m in made]:
		bad.append(f"man pages that make made: {made}")
	if made and shutil.which("mandoc"):
		# scdoc's habits, which show nowhere: lower case titles, long lines, paragraphs before lists.
		lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *made], capture_output=True, text=True).stdout
		bad.extend(l for l in lint.split("\n") if l and "skipping paragraph macro" not in l)
	elif made:
		print("mandoc -T lint skipped: there is no mandoc")
	print("\n".join(bad + [f"options: {len(overview['commands'])} commands and {len(pages)} pages, " +
		("something drifts" if bad else "everywhere the same")]))
	return 1 if bad else 0


sys.exit(main())
