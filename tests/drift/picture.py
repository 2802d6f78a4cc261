#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""picture.py KSTOOL STAGE README [--write]: the conversation that README shows is what is to be seen.

The ```console block of README holds commands ("$ ...") and what they print on a terminal of 80 cells;
they are run in a copy of STAGE.  Dates, days and fingerprints change: numbers and hex are not compared.
With --write the block is made anew.
"""
import os, re, subprocess, sys, tempfile

import examples as ex

START, END = "```console\n", "```\n"


def screen(command, directory):
	env = {"PATH": directory + "/.bin:" + os.environ["PATH"], "HOME": directory, "TERM": "xterm", "NO_COLOR": "1",
	       "LC_ALL": "C.UTF-8", "KSTOOL_PAGER": "", "COLUMNS": "80"}
	seen = ex.on_terminal(command, directory, env)[1].replace("\r\n", "\n")
	return re.sub(r" +$", "", seen, flags=re.M)


def still(text):
	"""without what differs from day to day"""
	text = re.sub(r"\b[0-9A-F]{2}(:[0-9A-F]{2})+:?|\b[0-9a-f]{32,}\b", "HEX", text)
	return re.sub(r"\d+( (day|hour|month|year)s?)?", "N", text)


def main():
	path = sys.argv[3]
	text = open(path, encoding="utf-8").read()
	before, rest = text.split(START, 1)
	block, after = rest.split(END, 1)
	new = ""
	with tempfile.TemporaryDirectory(prefix="kstool-picture.") as directory:
		subprocess.run(["cp", "-a", ex.STAGE + "/.", directory], check=True)
		os.mkdir(directory + "/.bin")
		os.symlink(ex.KSTOOL, directory + "/.bin/kstool")
		for command in (l[2:] for l in block.split("\n") if l.startswith("$ ")):
			new += ("\n" if new else "") + "$ " + command + "\n" + screen(command, directory)
	if "--write" in sys.argv:
		open(path, "w", encoding="utf-8").write(before + START + new + END + after)
	elif still(new) != still(block):
		print(f"{path} shows another conversation than this one (picture.py --write):\n{new}")
		return 1
	print("picture: README shows what is to be seen")
	return 0


sys.exit(main())
