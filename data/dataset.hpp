// What the readers of known data sets return.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft::data {

/// Inputs and targets; sample i is x[i], y[i].
struct Dataset {
    Tensor x, y;
};

/// auto [train, test] = data::mnist();
struct TrainTest {
    Dataset train, test;
};

}  // namespace weft::data
