#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xpad.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>

#include <weft/autograd/xtensor.hpp>

#define WEFT_PROBE_NAME "xtensor: computes correctly when xtensor is included first"
#include "xtensor_probe.hpp"
