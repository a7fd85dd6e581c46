#!/usr/bin/env bash
# Installs what this machine lacks to build, run and test Conserje, and nothing that is there already.
#
#   .tools/setup.sh [postgres] [compiler] [browser] [web]     (nothing named: all of them)
#
# Debian and Ubuntu by apt (as root, or by sudo), macOS by Homebrew. Elsewhere it says what is needed.
# Postgres packages are installed without starting a cluster: Conserje runs its own.
set -euo pipefail
cd "$(dirname "$0")/.."

PG_MIN=15
VECTOR_MIN=0.8
NODE_MIN=20

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# at_least HAVE WANT: is version HAVE the same as WANT or newer?
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else die "this needs root, and there is no sudo here; run as root: $*"
  fi
}

# --- apt -------------------------------------------------------------------------------------

updated=
apt_update() {
  [ -z "$updated" ] || return 0
  updated=yes
  say "refreshing the package lists ..."
  as_root apt-get update -qq -o Acquire::Retries=3 >&2 || say "apt-get update did not succeed; going on with the lists that are here"
}
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install -y -qq --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >&2
}
# The version apt would install; empty when it knows none.
apt_candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }
# A Debian version without epoch and revision: 1:0.8.0-1+b2 is 0.8.0.
upstream() { local v=${1#*:}; printf '%s\n' "${v%-*}"; }

# --- Postgres with pgvector -------------------------------------------------------------------

# Every pg_config of a server that might serve, newest first.
pg_configs() {
  local c
  for c in ${PG_CONFIG:-} /usr/lib/postgresql/*/bin/pg_config /usr/pgsql-*/bin/pg_config \
    /opt/homebrew/opt/postgresql*/bin/pg_config /usr/local/opt/postgresql*/bin/pg_config \
    /home/linuxbrew/.linuxbrew/opt/postgresql*/bin/pg_config "$(command -v pg_config || true)"; do
    [ -x "$c" ] && [ -x "$("$c" --bindir)/postgres" ] || continue
    printf '%s %s\n' "$("$c" --version | grep -oE '[0-9]+' | head -n 1)" "$c"
  done | sort -rn | awk '!seen[$2]++'
}
# vector_of PG_CONFIG: the pgvector version that belongs to it; empty without one.
vector_of() {
  sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$("$1" --sharedir)/extension/vector.control" 2>/dev/null || true
}
# The first Postgres that serves, as "MAJOR PG_CONFIG"; status 1 when none does.
pg_ready() {
  local major config vector
  while read -r major config; do
    vector=$(vector_of "$config")
    if [ "$major" -ge "$PG_MIN" ] && [ -n "$vector" ] && at_least "$vector" "$VECTOR_MIN"; then
      printf '%s %s\n' "$major" "$config"
      return 0
    fi
  done < <(pg_configs)
  return 1
}

setup_postgres() {
  pg_ready >/dev/null && return 0
  if have apt-get; then postgres_apt
  elif have brew; then
    say "installing PostgreSQL and pgvector with Homebrew ..."
    brew install --quiet postgresql@17 pgvector >&2
  else
    die "install PostgreSQL $PG_MIN or later and pgvector $VECTOR_MIN or later with this system's packages, or set DATABASE_URL"
  fi
  pg_ready >/dev/null || die "PostgreSQL is here, but pgvector $VECTOR_MIN or later for it is not; see the messages above"
}

postgres_apt() {
  local major
  major=$(pg_configs | awk -v min="$PG_MIN" '$1 >= min { print $1; exit }')
  if [ -z "$major" ]; then
    apt_update
    major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    [ "${major:-0}" -ge "$PG_MIN" ] ||
      die "this system offers PostgreSQL ${major:-nothing}; $PG_MIN or later is needed: add the PostgreSQL project's apt repository, or set DATABASE_URL"
    say "installing PostgreSQL $major ..."
    no_main_cluster apt_install "postgresql-$major"
  fi
  apt_update
  local packaged
  packaged=$(upstream "$(apt_candidate "postgresql-$major-pgvector")")
  if [ -n "$packaged" ] && at_least "$packaged" "$VECTOR_MIN"; then
    say "installing pgvector $packaged for PostgreSQL $major ..."
    no_main_cluster apt_install "postgresql-$major-pgvector"
  else
    pgvector_from_source "$major"
  fi
}

# no_main_cluster COMMAND...: the Debian packages would create and start a cluster "main" on port 5432;
# neither Conserje nor a CI machine needs it. The setting lasts as long as the command.
no_main_cluster() {
  local conf=/etc/postgresql-common/createcluster.d/conserje-setup.conf status=0
  as_root mkdir -p "${conf%/*}"
  echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
  "$@" || status=$?
  as_root rm -f "$conf"
  return "$status"
}

# Debian 12 has no pgvector and Ubuntu 24.04 an old one: build the source package of a newer release of the
# same distribution, fetched from the mirror that this machine uses already and checked against its keyring.
pgvector_from_source() {
  local major=$1 config=/usr/lib/postgresql/$1/bin/pg_config dir
  say "this release has no pgvector $VECTOR_MIN for PostgreSQL $major: building it from the source package of a newer one ..."
  server_headers "$major"
  apt_install --no-upgrade gcc libc6-dev make xz-utils
  dir=$(mktemp -d)
  chmod 755 "$dir"
  (
    cd "$dir"
    fetch_pgvector
    tar -xf pgvector_*.orig.tar.* --strip-components=1 --one-top-level=unpacked
    say "compiling pgvector ..."
    make -s -C unpacked OPTFLAGS="" with_llvm=no PG_CONFIG="$config" >&2
    as_root make -s -C unpacked install with_llvm=no PG_CONFIG="$config" >&2
  ) || { rm -rf "$dir"; die "pgvector could not be built; see the messages above"; }
  rm -rf "$dir"
}

# The headers must be of the very server that is installed; where the mirror has only a newer point release,
# the server is brought to it.
server_headers() {
  local pkg=postgresql-server-dev-$1 version
  [ -e "/usr/include/postgresql/$1/server/postgres.h" ] && return 0
  version=$(dpkg-query -W -f '${Version}' "postgresql-$1" 2>/dev/null || true)
  say "installing the headers of PostgreSQL $1 ..."
  if [ -n "$version" ] && apt-cache madison "$pkg" | grep -qF "| $version |"; then
    no_main_cluster apt_install "$pkg=$version"
  else
    no_main_cluster apt_install "$pkg" "postgresql-$1"
  fi
}

# fetch_pgvector: leaves the source package in the current directory.
fetch_pgvector() {
  local origin uri suites component=main suite keyring opts
  IFS='|' read -r origin uri < <(apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(LABEL)|$(COMPONENT)' 'Created-By: Packages' |
    awk -F '|' '$1 == $3 && $4 == "main" { print $1 "|" $2; exit }')
  case ${origin:-} in
    Debian) suites="trixie forky sid" ;;
    Ubuntu) suites="resolute devel" component=universe ;;
    *) die "no source for pgvector is known on this system; install pgvector $VECTOR_MIN or later for your PostgreSQL" ;;
  esac
  keyring=/usr/share/keyrings/$(printf %s "$origin" | tr '[:upper:]' '[:lower:]')-archive-keyring.gpg
  mkdir -p lists/partial
  for suite in $suites; do
    opts=""
    [ -r "$keyring" ] && opts="[signed-by=$keyring] "
    printf 'deb-src %s%s %s %s\n' "$opts" "$uri" "$suite" "$component" >sources.list
    say "asking $suite for pgvector ..."
    private_apt update -qq >&2 && private_apt source -qq --download-only --tar-only pgvector >&2 && return 0
  done
  die "none of $suites gave a pgvector source package"
}
# apt-get with the lists of this directory only, so that the machine's own stay as they are. As root apt would
# hand the download to a user of its own, who cannot write here.
private_apt() {
  apt-get -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists="$PWD/lists" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= -o Acquire::Retries=3 \
    -o Acquire::Languages=none -o APT::Update::Post-Invoke-Success::= "$@"
}

# --- compiler, browser, web -------------------------------------------------------------------

# The race detector and sqlc need a C compiler.
setup_compiler() {
  have cc && have g++ && return 0
  have apt-get || die "install a C compiler (macOS: xcode-select --install)"
  apt_update
  say "installing a C compiler ..."
  apt_install --no-upgrade gcc g++ libc6-dev
}

# The browser of the end-to-end tests. Chromium without its windows does them in two thirds of the time.
browser() {
  local b
  for b in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
    [ -n "$b" ] && have "$b" && ! grep -qs /snap/bin "$(command -v "$b")" && { command -v "$b"; return 0; }
  done
  b=$(find "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}" "$HOME/Library/Caches/ms-playwright" -maxdepth 6 -type f \
    -perm -u+x \( -name chrome -o -name Chromium -o -name chrome-headless-shell -o -name headless_shell \) 2>/dev/null | head -n 1) || true
  [ -n "$b" ] && printf '%s\n' "$b"
}
setup_browser() {
  browser >/dev/null && return 0
  if have apt-get; then
    apt_update
    local package version
    for package in chromium-headless-shell chromium; do
      version=$(apt_candidate $package)
      if [ -n "$version" ] && [ "${version#*snap}" = "$version" ]; then
        say "installing Chromium ..."
        apt_install $package
        return 0
      fi
    done
  fi
  # Ubuntu's package is only a door to a snap, and macOS has none: take the build that playwright brings.
  setup_web
  say "installing Chromium through playwright ..."
  if have apt-get; then as_root env PATH="$PATH" portal/web/node_modules/.bin/playwright-core install-deps chromium >&2; fi
  portal/web/node_modules/.bin/playwright-core install chromium >&2
}

setup_web() {
  [ -f portal/web/package-lock.json ] || return 0
  have node || die "Node.js $NODE_MIN or later is needed (nodejs.org, or your system's packages)"
  at_least "$(node --version | tr -d v)" "$NODE_MIN" || die "Node.js $NODE_MIN or later is needed; this is $(node --version)"
  local stamp=portal/web/node_modules/.conserje-lock
  cmp -s portal/web/package-lock.json "$stamp" && return 0
  say "installing the web interface's packages ..."
  npm ci --prefix portal/web --no-audit --no-fund --loglevel=error >&2 ||
    { say "npm ci did not succeed; once more ..."; npm ci --prefix portal/web --no-audit --no-fund --loglevel=error >&2; }
  cp portal/web/package-lock.json "$stamp"
}

if [ "${1:-}" = --browser ]; then browser; exit; fi # prints the browser of the end-to-end tests
[ $# -gt 0 ] || set -- postgres compiler browser web
for part in "$@"; do
  case $part in
    postgres | compiler | browser | web) "setup_$part" ;;
    *) die "no part is named $part" ;;
  esac
done
