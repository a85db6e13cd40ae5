# The libraries that weft is compared with, in an environment of their own under build/; sourced by test.sh.
peers=$root/build/peers
peers_wanted=tests/fixtures/requirements.txt
peers_installing=

peers_are_there() { cmp -s "$peers_wanted" "$peers/installed"; }

# Begins to install Keras, if it is not there, while other things go on.
prepare_peers() {
    peers_are_there && return
    (
        flock 7
        peers_are_there && exit
        need_packages python3-venv || true
        rm -rf "$peers"
        python3 -m venv "$peers" &&
            "$peers/bin/pip" install -q --no-compile --retries 2 --disable-pip-version-check -r "$peers_wanted" &&
            cp "$peers_wanted" "$peers/installed"
    ) >"$logs/peers.log" 2>&1 7<scripts &
    peers_installing=$!
}

# Waits for that, from whatever shell. Says so and fails with 77 if there is no Keras.
have_peers() {
    [[ -z $peers_installing ]] || tail --pid="$peers_installing" -f /dev/null
    peers_are_there && return
    echo "Keras could not be installed: skipped ($(tail -n 1 "$logs/peers.log" 2>/dev/null))"
    return 77
}

peer() { have_peers && "$peers/bin/python" "$@"; }

# Over sixty models of Keras 3 and tf_keras, each layer and option among them, in every format, there and back.
exchange() {
    local folder=$root/build/exchange
    have_peers || return
    rm -rf "$folder"
    ninja -C build tests/exchange >/dev/null || return 1
    peer tests/peers/exchange.py make "$folder" || return 1
    build/tests/exchange "$folder" || return 1
    peer tests/peers/exchange.py check "$folder"
}
