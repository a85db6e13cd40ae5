// Layers, losses, metrics, models.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/added_losses.hpp>
#include <weft/nn/check_layer.hpp>
#include <weft/nn/conv2d.hpp>
#include <weft/nn/dropout.hpp>
#include <weft/nn/initializers.hpp>
#include <weft/nn/layer.hpp>
#include <weft/nn/linear.hpp>
#include <weft/nn/losses.hpp>
#include <weft/nn/merge.hpp>
#include <weft/nn/metrics.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/model.hpp>
#include <weft/nn/module.hpp>
#include <weft/nn/pool2d.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/reshape.hpp>
#include <weft/nn/sampling.hpp>
#include <weft/nn/sequential.hpp>
#include <weft/nn/symbol.hpp>
