#!/usr/bin/env bash
# The tests that matter most on the newest Python of Debian's stable release, with the newest libraries
# it can have: in a small Debian of its own, which is removed. Needs root, and Debian to get it from.
#   tools/newest.sh [SUITE] [TEST ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=${1:-stable}
tests=("${@:2}")

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "not run: expected root on Debian, to set up the newest Python in a folder of its own"
  exit 0
fi
if ! command -v debootstrap >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends debootstrap
fi

root=$(mktemp -d)
finish() {
  findmnt --raw --noheadings --output TARGET | grep "^$root/" | sort --reverse | xargs --no-run-if-empty umount --lazy || true
  rm -rf --one-file-system "$root"
}
trap finish EXIT
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$root" >"$root.log" 2>&1 ||
  { tail -n 20 "$root.log"; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
# The names and certificates by which this machine reaches the package index.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir "$root/centiles"
git archive HEAD | tar --extract --directory "$root/centiles"

inside() {
  env --unset PIP_FIND_LINKS --unset PIP_CONSTRAINT --unset PYTHON --unset VENV HOME=/root LANG=C.UTF-8 \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}
inside python3 -m venv /venv
inside /venv/bin/python -m pip install --quiet --upgrade pip
inside /venv/bin/python -m pip install --quiet --editable '/centiles[excel,big]' pytest pytest-xdist hypothesis rcpchgrowth==4.6.5
inside /venv/bin/python -c 'import sys, numpy, pandas; print(f"Python {sys.version.split()[0]}, NumPy {numpy.__version__}, pandas {pandas.__version__}")'
inside sh -c 'cd /centiles && /venv/bin/python -m pytest -n auto -q -p no:cacheprovider "$@"' sh "${tests[@]}"
