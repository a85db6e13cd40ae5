// Data sets, their readers, and loaders that give batches.
#pragma once

#include <weft/data/bucket_loader.hpp>
#include <weft/data/cache.hpp>
#include <weft/data/cifar10.hpp>
#include <weft/data/csv.hpp>
#include <weft/data/dataset.hpp>
#include <weft/data/download.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_source.hpp>
#include <weft/data/idx.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/mnist.hpp>
#include <weft/data/npy.hpp>
#include <weft/data/pad_sequences.hpp>
#include <weft/data/png.hpp>
#include <weft/data/samples.hpp>
#include <weft/data/source.hpp>
#include <weft/data/text.hpp>
#include <weft/data/transform.hpp>
#include <weft/data/utf8.hpp>
#include <weft/data/vocabulary.hpp>
#include <weft/data/windows.hpp>
