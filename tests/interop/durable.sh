# SPDX-License-Identifier: ISC
# durable.sh - nothing is lost: many writers at once, SIGKILL at every system call of a write,
# a full disk, a read-only place
. tests/lib/sh.sh
k create many.kst --new-key-file ops.key -q >/dev/null
# --- 20 writers, 10 additions each
for w in $(seq 20); do
	for n in $(seq 10); do openssl x509 -in root.pem -out /dev/null; break; done
	(for n in $(seq 10); do
		k keygen many.kst --host "h$w-$n.test" --key-file ops.key -q >/dev/null || exit 1
	done) &
done
wait
is '20 writers x 10 additions' "$(k list many.kst --plain | wc -l)" 200
is 'the store is whole' "$(k check many.kst | head -1)" 'many.kst: whole, 200 entries, version 201'
is 'no neighbour files' "$(ls -A | grep -c '\.tmp$')" 0
# --- the same for PKCS#12
k keygen many.p12 --host first.test --create --new-pass file:pass --iterations 1000 -q >/dev/null
for w in 1 2 3 4; do
	(for n in 1 2 3; do
		k keygen many.p12 --host "h$w-$n.test" --pass file:pass --iterations 1000 -q >/dev/null || exit 1
	done) &
done
wait
is '4 writers x 3 additions to a PKCS#12' "$(k list many.p12 --pass file:pass --plain | wc -l)" 13
# --- SIGKILL at every system call
if have strace && strace -o /dev/null true 2>/dev/null; then
	k create kill.kst --new-key-file kill.key -q >/dev/null
	k trust kill.kst root.pem --key-file kill.key -q >/dev/null
	cp kill.kst base.kst
	strace -f -o trace "$KSTOOL" trust kill.kst ica.pem --key-file kill.key -q >/dev/null
	cp base.kst kill.kst
	points=0 old=0 new=0
	for name in openat fstat flock pread64 read write fchmod fsync close linkat unlinkat renameat fchown newfstatat; do
		total=$(grep -cE "(^|[0-9] +)$name\(" trace || :)
		i=1
		while [ "$i" -le "$total" ]; do
			cp base.kst kill.kst
			strace -f -o /dev/null -e trace=$name -e inject=$name:signal=SIGKILL:when=$i \
				"$KSTOOL" trust kill.kst ica.pem --key-file kill.key -q >/dev/null 2>&1 || :
			k check kill.kst >/dev/null || fail "SIGKILL at $name #$i: the store is damaged"
			case $(k list kill.kst --plain | wc -l) in
			1) old=$((old + 1)) ;;
			2) new=$((new + 1)) ;;
			*) fail "SIGKILL at $name #$i: neither old nor new" ;;
			esac
			points=$((points + 1))
			i=$((i + 1))
		done
	done
	cp base.kst kill.kst
	k trust kill.kst ica.pem --key-file kill.key -q >/dev/null
	is 'the next writer removes what was left' "$(ls -A | grep -c '^\.kill.*\.tmp$')" 0
	echo "killed at $points system calls: $old times the old store, $new times the new one, 0 lost"
	[ $points -ge 50 ] && [ $new -ge 1 ] || fail "only $points points"
	pass
	# --- the same calls fail instead
	points=0
	for name in openat write fsync renameat flock pread64; do
		for e in ENOSPC EIO; do
			total=$(grep -cE "(^|[0-9] +)$name\(" trace || :)
			i=1
			while [ "$i" -le "$total" ]; do
				cp base.kst kill.kst
				if strace -f -o /dev/null -e trace=$name -e inject=$name:error=$e:when=$i \
					"$KSTOOL" trust kill.kst ica.pem --key-file kill.key -q >/dev/null 2>&1; then
					[ "$(k list kill.kst --plain | wc -l)" = 2 ] || fail "$name #$i $e: exit 0 but not done"
				fi
				k check kill.kst >/dev/null || fail "$name #$i $e: the store is damaged"
				points=$((points + 1))
				i=$((i + 1))
			done
		done
	done
	echo "$points system calls failed: 0 stores lost, 0 times a success that was none"
	pass
	# --- undo: SIGKILL at every call from its lock on; both contents are there whenever it stops
	cp base.kst kill.kst
	k trust kill.kst ica.pem --key-file kill.key -q >/dev/null
	k remove kill.kst acme-root-ca --key-file kill.key --backup always -q >/dev/null
	cp kill.kst base.kst
	cp kill.kst.kstool-bak base.bak
	strace -f -o trace "$KSTOOL" undo kill.kst --key-file kill.key -q >/dev/null
	points=0 undone=0
	for name in openat fstat flock pread64 write fchmod fsync close unlinkat renameat renameat2 newfstatat; do
		total=$(grep -cE "(^|[0-9] +)$name\(" trace || :)
		i=$(($(sed '/flock(/,$d' trace | grep -cE "(^|[0-9] +)$name\(" || :) + 1))
		while [ "$i" -le "$total" ]; do
			cp base.kst kill.kst
			cp base.bak kill.kst.kstool-bak
			strace -f -o /dev/null -e trace=$name -e inject=$name:signal=SIGKILL:when=$i \
				"$KSTOOL" undo kill.kst --key-file kill.key -q >/dev/null 2>&1 || :
			k check kill.kst >/dev/null || fail "undo, SIGKILL at $name #$i: the store is damaged"
			case $(k list kill.kst --plain | wc -l),$(k list kill.kst.kstool-bak --plain | wc -l) in
			1,2) ;;
			2,1) undone=$((undone + 1)) ;;
			*) fail "undo, SIGKILL at $name #$i: a content is lost" ;;
			esac
			points=$((points + 1))
			i=$((i + 1))
		done
	done
	echo "undo killed at $points system calls: $undone times undone, 0 contents lost"
	[ $points -ge 30 ] && [ $undone -ge 1 ] || fail "only $points points"
	pass
	# --- a file system that cannot exchange two names
	cp base.kst kill.kst
	cp base.bak kill.kst.kstool-bak
	strace -f -o /dev/null -e trace=renameat2 -e inject=renameat2:error=EINVAL \
		"$KSTOOL" undo kill.kst --key-file kill.key -q >/dev/null
	is 'undo without exchange' "$(k list kill.kst --plain | wc -l),$(k list kill.kst.kstool-bak --plain | wc -l)" 2,1
	is 'no third name is left' "$(ls -A | grep -c 'kill.kst.kstool-bak\.')" 0
else
	echo 'skipped: strace cannot trace here'
fi
# --- a full disk
if [ "$(id -u)" = 0 ] && mkdir full && mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
	k create full/a.kst --new-key-file f.key -q >/dev/null
	k trust full/a.kst root.pem --key-file f.key -q >/dev/null
	cp full/a.kst before
	dd if=/dev/zero of=full/fill bs=1k count=60 2>/dev/null || :
	code=0
	k trust full/a.kst ica.pem --key-file f.key >/dev/null 2>err || code=$?
	is 'exit of a write to a full disk' $code 8
	same 'the old store on a full disk' before full/a.kst
	is 'no neighbour file is left' "$(ls -A full | grep -c '\.tmp$')" 0
	umount full
else
	echo 'skipped: the full disk needs root and a tmpfs'
fi
done_ durable
