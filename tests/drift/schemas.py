#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""schemas.py KSTOOL STAGE DIR: what --json answers is what the schemas in DIR say.

Every example of every command runs once more with --json, and each command fails in several ways.
There must be exactly one document on standard output, with the exit status that it names, valid by
the schema that it names, and without a member that the schema does not know.
"""
import concurrent.futures, json, os, re, subprocess, sys, tempfile

import examples as ex

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
try:
	import schema
	from jsonschema import SchemaError
except (ImportError, AttributeError):
	print("schemas skipped: there is no python3-jsonschema that knows draft 2020-12")
	sys.exit(0)

SCHEMAS = schema.load(sys.argv[3])


STRICT = schema.validators(SCHEMAS)
SLUGS = {e for c in json.loads(ex.kstool("help", "exit-codes", "--json"))["exit_codes"] for e in c["errors"]}
TYPES = {f["name"] for f in json.loads(ex.kstool("version", "--json"))["formats"]}


def faults(text, status):
	"""what is wrong with a document"""
	try:
		doc = json.loads(text)
	except ValueError as e:
		yield f"no JSON document: {e}: {text[:200]!r}"
		return
	yield from schema.faults(doc, STRICT)
	if "exit" not in doc:
		return
	if doc["exit"] != status:
		yield f"it says exit {doc['exit']}, the status is {status}"
	if doc["error"] and doc["error"]["code"] not in SLUGS:
		yield f"no error is called {doc['error']['code']}"
	for s in doc.get("stores", []):
		if not s.get("error") and s.get("type", next(iter(TYPES))) not in TYPES:
			yield f"no format is called {s['type']}"


def of_example(example, special):
	special = dict(special, exit=None)
	command = example + " --json > .document"
	with tempfile.TemporaryDirectory(prefix="kstool-schema.") as directory:
		status, seen = ex.in_stage(command, special, directory)
		text = open(directory + "/.document", encoding="utf-8").read()
	return [f"{command}: {f}\n{seen}" for f in faults(text, status)], json.loads(text).get("schema") if text else None


def of_plain(example, columns, special):
	"""--plain has the columns that the man page promises"""
	command = example + " --plain > .lines"
	with tempfile.TemporaryDirectory(prefix="kstool-plain.") as directory:
		ex.in_stage(command, special, directory)
		lines = open(directory + "/.lines", encoding="utf-8").read().split("\n")[:-1]
	return [f"{command}: {len(l.split(chr(9)))} columns, the man page tells of {len(columns)}: {l}" for l in lines or [""]
		if len(l.split("\t")) != len(columns)], None


def of_failure(words):
	with tempfile.TemporaryDirectory(prefix="kstool-schema.") as directory:
		subprocess.run(["cp", "-a", ex.STAGE + "/.", directory], check=True)
		p = subprocess.run([ex.KSTOOL, *words, "--json"], cwd=directory, capture_output=True, text=True, stdin=subprocess.DEVNULL,
			start_new_session=True, env=dict(os.environ, HOME=directory), check=False)
	bad = list(faults(p.stdout, p.returncode))
	if p.returncode >= 2 and "kstool: error: " not in p.stderr:
		bad.append("a failure that people are not told of")
	return [f"kstool {' '.join(words)} --json: {f}" for f in bad], None


def main():
	bad, seen, jobs = [], set(), []
	special, ordinary = ex.exceptions(), {"before": "", "exit": 0}
	overview = json.loads(ex.kstool("help", "--json"))
	with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
		for name, s in SCHEMAS.items():
			try:
				schema.VALIDATOR.check_schema(s)
			except SchemaError as e:
				bad.append(f"{name}: {e.message}")
			if ex.kstool("help", "json", name) != open(f"{sys.argv[3]}/{name}.json", encoding="utf-8").read():
				bad.append(f"help json {name} does not print the file")
		for c in overview["commands"]:
			words = c["name"].split(" ")
			row = json.loads(ex.kstool("help", *words, "--json"))
			changes = row["plain"][:1] == ["action"]
			if row["plain"] and (not changes or words == ["trust"]):
				# The first example of diff has files that do not differ: no line to count.
				example = "kstool diff app.p12 bundle.pem" if words == ["diff"] else row["examples"][0]
				how = special.get(example, ordinary)
				if how["exit"] != 7: # nobody answers, so there is no line: tests/interop has servers
					jobs.append(pool.submit(of_plain, example, row["plain"], how))
			for e in row["examples"]:
				if re.search(r"[|;<>&]|--json|--plain", e):
					e = re.sub(r" --json$", "", e)
				if not re.search(r"[|;<>&]|--json|--plain", e):
					jobs.append(pool.submit(of_example, e, special.get(e, ordinary)))
			for tail in ([], ["--bogus"], ["nothing.p12"], ["nothing.p12", "x", "y"], ["shop.p12", "--pass", "file:second.pass"],
				["api.key", "tls.crt"], ["app.kst", "x"], ["damaged.kst", "shop"], ["pass", "-o", "no/such/dir.p12"]):
				jobs.append(pool.submit(of_failure, words + tail))
		for words in (["list", "app.p12", "bundle.pem", "api.key", "app.kst", "trust.kst", "ml-dsa-65.pem", "--pass", "file:pass"],
			["list", "app.p12", "nothing.p12", "--pass", "file:pass"], ["list", "app.p12", "--match", "nothing", "--pass", "file:pass"],
			["show", "app.p12", "--pass", "file:pass", "--field", "sha256"], ["show", "app.p12", "nobody", "--pass", "file:pass"],
			["trust", "ts.p12", "bundle.pem", "--pass", "file:pass", "--check"], ["trust", "ts.p12", "bundle.pem", "--pass", "file:pass", "-n"],
			["export", "app.p12", "api", "--der", "--pass", "file:pass"], ["export", "app.p12", "--split", "d", "--pass", "file:pass"],
			["convert", "tls.crt", "-o", "-", "--to", "der"], ["check", "app.kst", "damaged.kst"], ["nonsense"], [], ["--version"],
			["help", "trust"], ["help", "slot"], ["help", "exit-codes"], ["help", "formats"], ["help", "expired"], ["help", "no-mac"], ["help", "chain-incomplete"], ["help", "consumers"], ["help", "json", "list"]):
			jobs.append(pool.submit(of_failure, words))
		for job in concurrent.futures.as_completed(jobs):
			found, named = job.result()
			bad.extend(found)
			seen.add(named)
	print("\n".join(sorted(bad) + [f"schemas: {len(jobs)} documents of {len(SCHEMAS)} schemas, " +
		("some break them" if bad else "each valid")]))
	return 1 if bad else 0


sys.exit(main())
