// Tensors, their derivatives and the operations on them.
#pragma once

#include <weft/autograd/engine.hpp>
#include <weft/autograd/function.hpp>
#include <weft/autograd/grad.hpp>
#include <weft/autograd/gradcheck.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/conv2d.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/pool2d.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/ops/softmax.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/record.hpp>
#include <weft/autograd/tensor.hpp>
#include <weft/autograd/threads.hpp>
