#!/bin/sh
# SPDX-License-Identifier: ISC
# packages.sh build|check - install what a task needs and the machine lacks.
#
# One table: what is tested for, then its package on Debian, Fedora, Homebrew.
# Debian's names are tested; the other two columns are untested.
# Nothing is installed, and no network touched, where nothing is missing.
set -eu

# task  test                                debian                  fedora                  homebrew
table() {
	cat <<'T'
build   cmd:cc                              gcc                     gcc                     -
build   header:string.h                     libc6-dev               glibc-devel             -
build   cmd:make                            make                    make                    make
build   cmd:pkg-config                      pkg-config              pkgconf-pkg-config      pkgconf
build   pc:libcrypto                        libssl-dev              openssl-devel           openssl@3
build   pc:libssl                           libssl-dev              openssl-devel           openssl@3
build   pc:sqlite3                          libsqlite3-dev          sqlite-devel            sqlite
build   header:csv.h                        libcsv-dev              libcsv-devel            libcsv
build   pc:libsodium                        libsodium-dev           libsodium-devel         libsodium
build   pc:jansson                          libjansson-dev          jansson-devel           jansson
build   pc:libutf8proc                      libutf8proc-dev         utf8proc-devel          utf8proc
build   file:/etc/ssl/certs/ca-certificates.crt  ca-certificates    ca-certificates         ca-certificates
demo    cmd:openssl                         openssl                 openssl                 openssl@3
check   pc:check                            check                   check-devel             check
check   cmd:openssl                         openssl                 openssl                 openssl@3
check   cmd:keytool                         openjdk-17-jre-headless java-17-openjdk-headless openjdk@17
check   cmd:javac                           openjdk-17-jdk-headless java-17-openjdk-devel   openjdk@17
check   file:/usr/share/java/bcprov.jar         libbcprov-java          bouncycastle            -
check   cmd:certutil                        libnss3-tools           nss-tools               nss
check   cmd:certtool                        gnutls-bin              gnutls-utils            gnutls
check   cmd:python3                         python3                 python3                 python@3
check   py:nacl                             python3-nacl            python3-pynacl          -
check   py:cryptography                     python3-cryptography    python3-cryptography    -
check   py:jsonschema                       python3-jsonschema      python3-jsonschema      -
check   cmd:curl                            curl                    curl                    curl
check   file:/usr/share/publicsuffix/public_suffix_list.dat publicsuffix publicsuffix-list      -
check   cmd:nginx                           nginx-light             nginx                   nginx
check   cmd:apache2                         apache2                 httpd                   httpd
check   file:/usr/share/easy-rsa/easyrsa     easy-rsa                easy-rsa                easy-rsa
check   cmd:sqlite3                         sqlite3                 sqlite                  sqlite
check   cmd:jq                              jq                      jq                      jq
check   cmd:strace                          strace                  strace                  -
check   cmd:valgrind                        valgrind                valgrind                -
check   cmd:expect                          expect                  expect                  expect
check   cmd:bash                            bash                    bash                    bash
check   cmd:zsh                             zsh                     zsh                     zsh
check   cmd:fish                            fish                    fish                    fish
check   cmd:mandoc                          mandoc                  mandoc                  mandoc
check   cmd:scdoc                           scdoc                   scdoc                   scdoc
ci      cmd:clang                           clang                   clang                   llvm
ci      clangrt:asan                        libclang-rt-dev         compiler-rt             llvm
T
}

have() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
	pc:*) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${1#pc:}" ;;
	file:*) [ -e "${1#file:}" ] ;;
	header:*) [ -e "/usr/include/${1#header:}" ] || printf '#include <%s>\n' "${1#header:}" | cc -E - >/dev/null 2>&1 ;;
	py:*) py=/usr/bin/python3; [ -x $py ] || py=python3; $py -c "import ${1#py:}" >/dev/null 2>&1 ;;
	clangrt:*) ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt."${1#clangrt:}"-*.a >/dev/null 2>&1 ;;
	esac
}

manager() {
	for m in apt-get dnf brew; do
		if command -v $m >/dev/null 2>&1; then echo $m; return; fi
	done
}

task=${1:-build}
case $task in
build) wanted='build' ;;
demo) wanted='build demo' ;;
check) wanted='build demo check' ;;
ci) wanted='build demo check ci' ;;
*) echo "packages.sh: no task $task" >&2; exit 2 ;;
esac

m=$(manager)
missing=
while read -r when test debian fedora brew; do
	case " $wanted " in *" $when "*) ;; *) continue ;; esac
	have "$test" && continue
	case $m in
	apt-get) p=$debian ;; dnf) p=$fedora ;; brew) p=$brew ;; *) p=$debian ;;
	esac
	[ "$p" = - ] || case " $missing " in *" $p "*) ;; *) missing="$missing $p" ;; esac
done <<EOF
$(table)
EOF

[ -n "$missing" ] || exit 0
echo "installing:$missing"
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || { echo "please run as root: ${m:-your package manager} install$missing" >&2; exit 1; }
	sudo=sudo
fi
case $m in
apt-get)
	export DEBIAN_FRONTEND=noninteractive
	$sudo apt-get update -qq
	# shellcheck disable=SC2086
	$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
	;;
dnf)
	# shellcheck disable=SC2086
	$sudo dnf install -y $missing ;;
brew)
	# shellcheck disable=SC2086
	brew install $missing ;;
*)
	echo "no package manager that I know; please install:$missing" >&2
	exit 1 ;;
esac
