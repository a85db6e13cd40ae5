// Data sets, their readers, and loaders that give batches.
#pragma once

#include <weft/data/cache.hpp>
#include <weft/data/cifar10.hpp>
#include <weft/data/dataset.hpp>
#include <weft/data/download.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_source.hpp>
#include <weft/data/idx.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/mnist.hpp>
#include <weft/data/npy.hpp>
#include <weft/data/png.hpp>
#include <weft/data/source.hpp>
#include <weft/data/transform.hpp>
