#!/usr/bin/env bash
# From a fresh Debian 12 to a trained network: installs what is missing, builds the library and the example in build/,
# trains the tutorial's CNN on real images, and leaves the model and its learning curves in build/quickstart/.
# Can be run again at any time, from any folder.   usage: quickstart.sh [EPOCHS]
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"

epochs=${1:-5}
[[ $epochs =~ ^[1-9][0-9]*$ ]] || die "the number of epochs must be a whole number above 0; received '$epochs'"
started=$SECONDS

need_packages "${library_packages[@]}"
if folder=$(data_folder mnist); then
    dataset=mnist title='MNIST'
else
    need_packages dataset-fashion-mnist
    folder=$(data_folder fashion_mnist) ||
        die 'found neither MNIST nor Fashion-MNIST; set WEFT_DATA to a folder with mnist/ in it'
    dataset=fashion_mnist title='Fashion-MNIST (MNIST is not on this machine)'
fi
build build examples/mnist_cnn

out=$root/build/quickstart
mkdir -p "$out"
say "Training on $title from $folder, $epochs epochs"
# Two quick starts must not write one file at the same time: the second waits. The output is not piped anywhere, so that
# a terminal gets its progress bar.
(
    take 7 "Another quick start is training here"
    build/examples/mnist_cnn --dataset "$dataset" --data "$folder" --epochs "$epochs" --out "$out" 7<&-
) 7<"$out"

say "Done in $((SECONDS - started)) s, on $title"
echo "model             $out/mnist_cnn.h5   (opens in Keras)"
echo "learning curves   $out/learning_curves.svg"
