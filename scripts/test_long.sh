# The long tests of test.sh --all; sourced by it.

# --- clang: a second opinion on the language ------------------------------------------------------------------------
need_packages clang libomp-dev
CC=clang CXX=clang++ build build-clang tests/weft_tests -Dexamples=false -Dbench=disabled
run_tests "built by clang" build-clang/tests/weft_tests

# --- the thread sanitizer, which knows nothing of GNU's OpenMP ------------------------------------------------------
build build-thread tests/weft_tests -Db_sanitize=thread -Dopenmp=disabled "${sanitizer_options[@]}"
# It cannot place its memory where a newer kernel scatters addresses widely; where that may be switched off, it is.
still=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
    still=(setarch "$(uname -m)" -R)
fi
TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=0} run_tests "under the thread sanitizer" \
    "${still[@]}" build-thread/tests/weft_tests '~[slow]'

# --- training to full accuracy --------------------------------------------------------------------------------------
# train DATASET EPOCHS SEED: prints the test accuracy, as the example's last line gives it.
train() {
    local out=$root/build/training/$1-$2-$3
    mkdir -p "$out"
    build/examples/mnist_cnn --dataset "$1" --epochs "$2" --seed "$3" --out "$out" >"$out/output.txt" 2>&1 || {
        tail -n 20 "$out/output.txt" >&2
        return 1
    }
    sed -n '$s/^test accuracy //p' "$out/output.txt"
}

# each_at_least DATASET EPOCHS LEAST MEAN SEED...: every seed reaches LEAST, and all together reach MEAN on average.
each_at_least() {
    local dataset=$1 epochs=$2 least=$3 mean=$4 seed accuracy accuracies=()
    shift 4
    data_folder "$dataset" >/dev/null || { echo "$dataset is not on this machine: skipped"; return 77; }
    for seed in "$@"; do
        accuracy=$(train "$dataset" "$epochs" "$seed") || return 1
        echo "$dataset, $epochs epochs, seed $seed: $accuracy"
        accuracies+=("$accuracy")
    done
    printf '%s\n' "${accuracies[@]}" | awk -v least="$least" -v mean="$mean" '
        { sum += $1; if (!($1 >= least)) bad = 1 }
        END { printf "mean %.4f; wanted: each %s, mean %s\n", sum / NR, least, mean; exit bad || !(sum / NR >= mean) }'
}

# The same seed gives the same weights, and so the same figures in every line that is not about time.
same_twice() {
    local dataset=mnist first second
    data_folder mnist >/dev/null || dataset=fashion_mnist
    data_folder "$dataset" >/dev/null || { echo "no data set on this machine: skipped"; return 77; }
    first=$(train "$dataset" 1 7) && second=$(train "$dataset" 1 7) || return 1
    echo "$first $second"
    [[ -n $first && $first == "$second" ]]
}

# example NAME OPTION...: runs an example once, and shows its figures.
example() {
    local out=$root/build/training/$1
    mkdir -p "$out"
    build/examples/"$1" --out "$out" "${@:2}" >"$out/output.txt" 2>&1 || { tail -n 20 "$out/output.txt" >&2; return 1; }
    grep -E '^(test|pca|noisy|linear|training|batches) ' "$out/output.txt"
}

# figure NAME TEXT: the figure that follows TEXT in that run's output.
figure() { sed -n "s/^$2 //p" "$root/build/training/$1/output.txt"; }

# holds CONDITION NUMBER...: an awk condition in which $1, $2, ... are the numbers, all of which are there.
holds() {
    local number
    for number in "${@:2}"; do [[ -n $number ]] || return 1; done
    awk "{ exit !($1) }" <<<"${*:2}"
}

autoencoder_figures() {
    data_folder mnist >/dev/null || { echo "mnist is not on this machine: skipped"; return 77; }
    example autoencoder || return 1
    holds '$1 <= 0.007 && $1 <= $2 / 2 && $3 >= 0.89' "$(figure autoencoder 'test mse')" "$(figure autoencoder 'pca mse')" \
        "$(figure autoencoder 'linear classifier on the codes')"
}
denoise_figures() {
    data_folder mnist >/dev/null || { echo "mnist is not on this machine: skipped"; return 77; }
    example denoise && holds '$1 <= 0.020' "$(figure denoise 'test mse')"
}
vae_figures() {
    data_folder mnist >/dev/null || { echo "mnist is not on this machine: skipped"; return 77; }
    example vae && holds '$1 >= -160' "$(figure vae 'test elbo')"
}
resnet_figures() {
    [[ -n $(ls "${WEFT_DATA:-/nonexistent}"/cifar10/data_batch_* 2>/dev/null) ]] || data_folder fashion_mnist >/dev/null ||
        { echo "neither CIFAR-10 nor Fashion-MNIST is on this machine: skipped"; return 77; }
    example resnet_cifar || return 1
    holds '$1 > 0.9 && $2 <= 1e-5' "$(figure resnet_cifar 'training accuracy')" \
        "$(figure resnet_cifar 'batches of 1 and of 256 differ by')"
}

need_packages dataset-fashion-mnist
run_case "MNIST after one epoch" each_at_least mnist 1 0.975 0 1 2 3
run_case "MNIST after ten epochs" each_at_least mnist 10 0.983 0.985 1 2 3
run_case "Fashion-MNIST after ten epochs" each_at_least fashion_mnist 10 0.905 0 1
run_case "the same seed twice" same_twice
run_case "autoencoder beside PCA" autoencoder_figures
run_case "denoising" denoise_figures
run_case "variational autoencoder" vae_figures
run_case "residual network" resnet_figures

# --- sequences ------------------------------------------------------------------------------------------------------
# last_line EXAMPLE ARGUMENT...: runs an example and prints its last line.
last_line() {
    local out=$root/build/training/$1
    mkdir -p "$out"
    build/examples/"$1" "${@:2}" --out "$out" >"$out/output.txt" 2>&1 || {
        tail -n 20 "$out/output.txt" >&2
        return 1
    }
    tail -n 1 "$out/output.txt"
}

# at_most LIMIT VALUE, at_least LIMIT VALUE
at_most() { awk -v limit="$1" -v value="$2" 'BEGIN { exit !(value <= limit) }'; }
at_least() { at_most "$2" "$1"; }

characters() {
    [[ -f ${WEFT_DATA:-}/text/tinyshakespeare.txt ]] || { echo "tiny Shakespeare is not on this machine: skipped"; return 77; }
    local begun=$SECONDS line
    line=$(last_line char_lm) || return 1
    echo "$line, after $((SECONDS - begun)) s; wanted: 1.65 after 900 s on two cores of their own"
    at_most 1.65 "${line#validation loss }" && at_most 900 $((SECONDS - begun))
}
words() {
    local line
    line=$(last_line next_word) || return 1
    echo "$line; wanted: less than the bigram model's"
    [[ $line =~ ^held-back\ perplexity\ ([0-9.]+),\ bigram\ ([0-9.]+)$ ]] && ! at_least "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
}
labels() {
    local line
    line=$(last_line sequence_labels) || return 1
    echo "$line; wanted: 0.99"
    at_least 0.99 "${line##* }"
}
temperatures() {
    local line
    line=$(last_line forecast) || return 1
    echo "$line; wanted: less than persistence"
    [[ $line =~ ^root\ mean\ square\ error\ ([0-9.]+),\ of\ persistence\ ([0-9.]+)$ ]] &&
        ! at_least "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
}
run_case "characters of tiny Shakespeare" characters
run_case "the next word beats a bigram model" words
run_case "the tutorial's LSTM labels sequences" labels
run_case "a forecast beats persistence" temperatures

# --- the libraries that weft is compared with ------------------------------------------------------------------------
torch_peer() {
    have_peers || return
    "$peers/bin/python" -c 'import torch' 2>/dev/null ||
        "$peers/bin/pip" install -q torch==2.13.0 ||
        { echo "PyTorch could not be installed: skipped"; return 77; }
    "$peers/bin/python" "$@"
}
arrays_in_numpy() { build/tests/write_arrays build/training/arrays && peer tests/peers/read_arrays.py build/training/arrays; }
run_case "NumPy and h5py read the arrays that weft writes" arrays_in_numpy
run_case "Keras still gives the numbers of tests/fixtures" peer tests/fixtures/make_fixtures.py --check
run_case "PyTorch still gives the derivatives of tests/fixtures/graphs.h5" torch_peer tests/fixtures/make_graphs.py --check
run_case "Keras opens the example's model and agrees on its accuracy" peer tests/peers/open_in_keras.py \
    build/training/mnist-1-1
