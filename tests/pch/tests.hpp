// What nearly every test includes, compiled once: see pch/library.hpp.
#pragma once

#include "../catch.hpp"

#include <weft/autograd/tensor.hpp>
