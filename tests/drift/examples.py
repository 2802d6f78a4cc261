#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""examples.py KSTOOL STAGE [README]: runs every example of help, man pages and README.

Each one runs as a person would run it: in a copy of STAGE (stage.sh), by bash, on a terminal of its
own, where questions are answered.  It must end with status 0, or with what examples.txt says.
"""
import concurrent.futures, os, pty, re, select, shutil, signal, subprocess, sys, tempfile, time

KSTOOL, STAGE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
IS_COMMAND = re.compile(r"(^|[|&;(]\s*|\s(if|then)\s+|=\S+ )kstool\s+[a-z_-]")


def kstool(*words):
	return subprocess.run([KSTOOL, *words], check=True, capture_output=True, text=True).stdout


def plain(text):
	"""scdoc's line without its marks"""
	out, under, i = "", False, 0
	while i < len(text):
		c = text[i]
		nxt = text[i + 1] if i + 1 < len(text) else " "
		if c == "\\" and i + 1 < len(text):
			out += nxt
			i += 1
		elif c == "_" and (not out[-1:].isalnum() or (under and not nxt.isalnum())):
			under = not under
		elif c != "*":
			out += c
		i += 1
	return out


def of_page(name):
	"""bold lines that are commands, what keytool and openssl are translated to, literal blocks"""
	block = None
	for line in kstool("__man", name).split("\n"):
		if line.strip() == "```":
			if block is not None and any(IS_COMMAND.search(l) for l in block):
				yield "\n".join(block)
			block = None if block is not None else []
		elif block is not None:
			block.append(line.lstrip("\t") if line.startswith("\t\t") else line)
		elif re.fullmatch(r"\*[^*]*kstool .*\*", line.replace("\\*", "")) and IS_COMMAND.search(plain(line)):
			yield plain(line)
		elif "-from-" in name and line.startswith("\tkstool "):
			yield plain(line.strip())


def of_readme(path):
	"""code in cells of tables, and indented blocks that call kstool"""
	block = []
	for line in open(path, encoding="utf-8").read().split("\n") + [""]:
		if line.startswith("|"):
			yield from (c for c in re.findall(r"`([^`]*)`", line) if IS_COMMAND.search(c))
		if line.startswith("    ") and IS_COMMAND.search(line.strip().removeprefix("$ ")):
			block.append(line.strip().removeprefix("$ "))
		elif not line.startswith("    ") and block:
			yield "\n".join(block)
			block = []


def exceptions():
	"""examples.txt: a command, then indented "before: ..." and "exit: N" """
	table, key = {}, None
	for line in open(os.path.join(HERE, "examples.txt"), encoding="utf-8"):
		line = line.rstrip("\n")
		if not line or line.startswith("#"):
			continue
		if not line.startswith("\t"):
			key = line
			table[key] = {"before": "", "exit": 0}
			continue
		word, value = line.strip().split(": ", 1)
		table[key][word] = int(value) if word == "exit" else value
	return table


def answer(prompt):
	if "[y/N]" in prompt:
		return b"y\n"
	if "assphrase" in prompt or "again" in prompt:
		return b"secret-pass\n"
	return None


def on_terminal(command, directory, env):
	"""exit status and everything that was to be seen"""
	pid, fd = pty.fork()
	if not pid:
		os.chdir(directory)
		signal.signal(signal.SIGPIPE, signal.SIG_DFL)
		os.execve("/bin/bash", ["bash", "-c", command], env)
	seen, asked, limit = b"", 0, time.monotonic() + 120
	while True:
		if time.monotonic() > limit:
			os.kill(pid, signal.SIGKILL)
		ready, _, _ = select.select([fd], [], [], 1)
		if ready:
			try:
				more = os.read(fd, 65536)
			except OSError:
				break
			if not more:
				break
			seen += more
			last = seen[asked:].decode(errors="replace").replace("\r", "").split("\n")[-1]
			if re.search(r"(:|\[y/N\]) ?$", last) and answer(last):
				asked = len(seen)
				os.write(fd, answer(last))
	_, status = os.waitpid(pid, 0)
	os.close(fd)
	return os.waitstatus_to_exitcode(status), seen.decode(errors="replace")


def in_stage(example, special, directory):
	"""exit status, and what was to be seen, of an example in a fresh copy of the stage"""
	subprocess.run(["cp", "-a", STAGE + "/.", directory], check=True)
	os.mkdir(directory + "/.bin")
	os.symlink(KSTOOL, directory + "/.bin/kstool")
	# A password manager that some examples ask.
	with open(directory + "/.bin/pass", "w", encoding="ascii") as f:
		f.write("#!/bin/sh\ncat app.pass\n")
	os.chmod(directory + "/.bin/pass", 0o755)
	env = {"PATH": directory + "/.bin:" + os.environ["PATH"], "HOME": directory, "TERM": "xterm",
	       "LC_ALL": "C.UTF-8", "KSTOOL_PAGER": "", "COLUMNS": "100"}
	env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
	# What an example makes is not there yet, or is replaced by name.
	if "--replace" not in example:
		for made in re.findall(r"(?:-o|--new-key-file|kstool create) ([^ ;|)-][^ ;|)]*)", example) + \
			re.findall(r"kstool keygen (\S+\.(?:key|pem))", example):
			if os.path.isfile(os.path.join(directory, made)):
				os.unlink(os.path.join(directory, made))
	strict = "set -o pipefail" + ("" if "$?" in example else "; set -e")
	return on_terminal("\n".join([strict, special["before"], example]), directory, env)


def run(example, special):
	if re.search(r"\bjq\b", example) and not shutil.which("jq"):
		return "skipped: there is no jq", None
	with tempfile.TemporaryDirectory(prefix="kstool-example.") as directory:
		status, seen = in_stage(example, special, directory)
	if status != special["exit"] or "[internal]" in seen:
		return None, f"{example}\n  exit {status}, and it should be {special['exit']}\n{seen}"
	return "", None


def main():
	examples = {}
	for name in kstool("__man").split():
		for e in of_page(name):
			examples.setdefault(e, name)
	for path in sys.argv[3:]:
		for e in of_readme(path):
			examples.setdefault(e, path)
	special, bad, skipped = exceptions(), 0, {}
	for key in special:
		if key not in examples:
			print(f"examples.txt: nobody says any more: {key}")
			bad = 1
	ordinary = {"before": "", "exit": 0}
	with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
		jobs = {pool.submit(run, e, special.get(e, ordinary)): e for e in examples}
		for job in concurrent.futures.as_completed(jobs):
			skip, why = job.result()
			if why:
				print(f"{examples[jobs[job]]}: {why}")
				bad = 1
			elif skip:
				skipped[skip] = skipped.get(skip, 0) + 1
	for why, n in skipped.items():
		print(f"{n} examples {why}")
	print(f"examples: {len(examples)} run, {'some do not do what they say' if bad else 'each does what it says'}")
	return bad or not examples


if __name__ == "__main__":
	sys.exit(main())
