#!/bin/bash
# Makes the container images without a registry: howdah:dev (operator and instance manager) and postgresql:15, :17, :18 (one root
# file system with all three and their tools). They go into the image store of e2e/kube and into the nodes that are up.
#   dev/image.sh [howdah|postgres]      default: both; what is there and not older than its source is kept
# Needs Debian and root. Environment: KUBE_CACHE as in e2e/kube/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/e2e/kube/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages
mkdir -p "$cache/images"

# The program, the libraries that its Node needs (from this machine, with their loader) and a shell: nothing else.
howdah() {
  local root lib
  root=$(mktemp -d -p "$cache")
  mkdir -p "$root"/{bin,etc,tmp,lib64,usr/lib/x86_64-linux-gnu}
  chmod 755 "$root"; chmod 1777 "$root/tmp"
  cp -r "$here/dist/howdah" "$root/howdah"
  cp /bin/busybox "$root/bin/busybox"
  for name in sh readlink cat ls sleep env mkdir cp; do ln -s busybox "$root/bin/$name"; done
  for lib in $(ldd "$root/howdah/bin/node" | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$lib")"
    cp -L "$lib" "$root$lib"
  done
  printf 'root:x:0:0:root:/:/bin/sh\nhowdah:x:10001:10001::/:/bin/sh\n' >"$root/etc/passwd"
  "$here/e2e/kube/image.sh" add howdah:dev "$root" \
    '{"User":"10001:10001","Entrypoint":["/howdah/bin/howdah"],"Env":["PATH=/howdah/bin:/bin"]}' >/dev/null
  rm -rf "$root"
  echo "image localhost/howdah:dev"
}

# PostgreSQL 15 (bookworm), 17 (trixie) and 18 (sid) with all their tools, as user 26 like CloudNativePG's images.
postgres() {
  local t mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg major
  if [ ! -e "$cache/postgres-root.tar" ]; then
    t=$(mktemp -d -p "$cache")
    mirror=$(debian_mirror)
    for suite in sid trixie bookworm; do echo "deb [signed-by=$keyring] $mirror $suite main"; done >"$t/sources.list"
    # shellcheck disable=SC2016
    mmdebstrap --quiet --mode=root --variant=minbase --include=postgresql-15,postgresql-17,postgresql-18,procps \
      --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --dpkgopt='path-exclude=/usr/lib/*/libLLVM*' --dpkgopt='path-exclude=/usr/lib/llvm*' \
      --dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/llvmjit.so' --dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/bitcode/*' \
      --essential-hook='mkdir -p "$1/etc/postgresql-common"; echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
      --essential-hook='echo postgres:x:26: >>"$1/etc/group"; echo postgres:x:26:26::/var/lib/postgresql:/bin/bash >>"$1/etc/passwd"' \
      --customize-hook='rm -rf "$1"/etc/apt/sources.list* "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
      sid "$t/root.tar" "$t/sources.list"
    mv "$t/root.tar" "$cache/postgres-root.tar"
    rm -rf "$t"
  fi
  for major in 15 17 18; do
    [ ! -e "$cache/images/postgresql:$major.tar" ] || continue
    "$here/e2e/kube/image.sh" add "postgresql:$major" "$cache/postgres-root.tar" \
      "{\"User\":\"26:26\",\"Env\":[\"PATH=/usr/lib/postgresql/$major/bin:/usr/local/bin:/usr/bin:/bin\",\"LANG=C.UTF-8\"],\"Cmd\":[\"bash\"]}" >/dev/null
    echo "image localhost/postgresql:$major"
  done
}

case ${1:-all} in
  all) postgres; howdah ;;
  howdah | postgres) "$1" ;;
  *) sed -n '2,5p' "$0" >&2; exit 2 ;;
esac
