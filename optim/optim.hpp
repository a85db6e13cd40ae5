// Optimizers, and clipping gradients.
#pragma once

#include <weft/optim/adadelta.hpp>
#include <weft/optim/adagrad.hpp>
#include <weft/optim/adam.hpp>
#include <weft/optim/clip.hpp>
#include <weft/optim/norm.hpp>
#include <weft/optim/optimizer.hpp>
#include <weft/optim/registry.hpp>
#include <weft/optim/rmsprop.hpp>
#include <weft/optim/schedule.hpp>
#include <weft/optim/sgd.hpp>
