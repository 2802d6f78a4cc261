# SPDX-License-Identifier: ISC
# ratio.py NAME RUNS LIMIT -- A... -- B...   runs the two commands in turn and prints the median CPU
# time (user+system) of each whole process and the median of the ratio B/A, pair by pair.  A pair is
# measured in the same moment, so that a noisy machine changes both.
import os, resource, statistics, subprocess, sys

def cpu(cmd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run(cmd, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000, r.returncode

name, runs, want = sys.argv[1], int(sys.argv[2]), sys.argv[3]
a, b = sys.argv[4], sys.argv[5]
# Short commands are repeated inside one shell, since the clock of a process is coarse.
rep = int(os.environ.get("REPEAT", "1"))
if rep > 1:
    a = f"for i in $(seq {rep}); do {a}; done"
repb = int(os.environ.get("REPEAT_B", str(rep)))
if repb > 1:
    b = f"for i in $(seq {repb}); do {b}; done"
ta, tb, ratio = [], [], []
for i in range(runs + 1):
    x, ca = cpu(a)
    y, cb = cpu(b)
    if ca or cb:
        sys.exit(f"{name}: a command failed ({ca}, {cb})")
    if i:
        ta.append(x / rep)
        tb.append(y / repb)
        ratio.append((y / repb) / (x / rep))
print(f"{name:44} {statistics.median(ta):9.2f} ms {statistics.median(tb):10.2f} ms   {statistics.median(ratio):9.1f} x   (want {want})")
