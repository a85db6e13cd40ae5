// The one header a user of weft needs.
#pragma once

#include <weft/autograd/autograd.hpp>
#include <weft/data/data.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/optim.hpp>
