// What nearly every test includes, compiled once: see pch/library.hpp.
#include "../catch.hpp"

#include <weft/autograd/tensor.hpp>
