# What the scripts of this folder share; sourced by them from the root of the project.

# The newest C library that Amazon Linux 2023, and so provided.al2023, has.
readonly LAMBDA_GLIBC=2.34
readonly CARGO_DENY=0.20.2 CARGO_MACHETE=0.9.2 ACTIONLINT=1.7.12

target="${CARGO_TARGET_DIR:-$PWD/target}"
readonly target tools="$target/tools"
readonly venv="$tools/venv"
# Nothing here talks to AWS; SAM wants a region all the same, and is told not to phone home.
export AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true SAM_CLI_TELEMETRY=0

say() { printf '\n[%4ds] ci: %s\n' "$SECONDS" "$*"; }
warn() { say "WARNING: $*"; }

# A tool from the registry, unoptimised: it runs for seconds, and optimising it would take minutes.
cargo_tool() {
    local name="$1" version="$2"
    local root="$tools/$name-$version"
    [[ -x "$root/bin/$name" ]] && return
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$tools/build" \
        cargo install --quiet --locked --debug --root "$root" "$name@$version"
    rm -rf "$tools/build"
}

cargo_tools() {
    cargo_tool cargo-deny "$CARGO_DENY"
    cargo_tool cargo-machete "$CARGO_MACHETE"
    export PATH="$tools/cargo-deny-$CARGO_DENY/bin:$tools/cargo-machete-$CARGO_MACHETE/bin:$PATH"
}

# sam, cfn-lint, the runtime interface emulator and cargo-lambda, as .ci/requirements.txt pins them.
python_tools() {
    local wanted
    wanted="$(cat .ci/requirements.txt; python3 --version)"
    if [[ ! -f "$venv/complete" || "$(<"$venv/complete")" != "$wanted" ]]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
            --require-hashes --prefer-binary --requirement .ci/requirements.txt
        printf '%s' "$wanted" >"$venv/complete"
    fi
    export PATH="$venv/bin:$PATH"
}

# The newest C library that a bootstrap asks for. A warning where it was linked against this machine's own,
# which is then no proof of anything; a failure where it is to be shipped.
check_glibc() {
    local bootstrap="$1" required="${2:-}" asked newest
    if ! command -v readelf >/dev/null; then
        warn "there is no readelf (binutils); the C library that $bootstrap needs was not checked"
        return
    fi
    asked="$(readelf --version-info --wide "$bootstrap" | grep -o 'GLIBC_2[0-9.]*' | sort -uV | tail -n 1)"
    newest="$(printf '%s\n' "${asked#GLIBC_}" "$LAMBDA_GLIBC" | sort -V | tail -n 1)"
    printf '%10d bytes, asks for %s: %s\n' "$(stat -c %s "$bootstrap")" "$asked" "$bootstrap"
    [[ "$newest" == "$LAMBDA_GLIBC" ]] && return
    warn "$bootstrap would not start on Lambda, which has glibc $LAMBDA_GLIBC"
    [[ -z "$required" ]]
}
