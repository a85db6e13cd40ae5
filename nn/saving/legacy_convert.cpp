// Weights as Keras 1 and Theano kept them.
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/saving/bounded_json.hpp>
#include <weft/nn/saving/legacy_h5.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace weft::nn::saving {
namespace {

bool is_convolution(const std::string& type) {
    static const std::array known{"Conv1D",          "Conv2D",          "Conv2DTranspose",
                                  "SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D"};
    return std::find(known.begin(), known.end(), type) != known.end();
}

// One layer's arrays W, U, b of each gate, in the order of the gates: the kernels, the recurrent kernels, the biases.
// The file's gates are i c f o, the layer's i f c o; or z r h, in both.
Tensors joined_gates(const Tensors& saved, std::size_t begin, const std::vector<std::size_t>& gates) {
    Tensors result;
    for (std::size_t part = 0; part < 3; ++part) {
        Tensors parts;
        for (std::size_t gate : gates) parts.push_back(saved[begin + 3 * gate + part]);
        result.push_back(concat(parts, -1));
    }
    return result;
}

const std::vector<std::size_t> lstm_gates{0, 2, 1, 3}, gru_gates{0, 1, 2};

Tensor keras1_kernel(const std::string& type, Tensor kernel, bool theano) {
    if (type == "Conv1D" && kernel.rank() == 4) {
        if (theano || kernel.shape(1) != 1) kernel = transpose(kernel, {2, 3, 1, 0});  // (out, in, length, 1)
        return squeeze(kernel, 1);
    }
    return kernel;
}

Tensor flipped(Tensor kernel) {
    for (int axis = 0; axis + 2 < kernel.rank(); ++axis) kernel = flip(kernel, axis);
    return kernel;
}

}  // namespace

std::vector<Tensor> converted_weights(const Module& layer, const data::Hdf5Object& group,
                                      const std::vector<std::string>& names, const Writer& writer) {
    const bool keras1 = writer.version.major == 1, theano = writer.backend == "theano";
    if (!keras1 && !theano) return {};
    const std::string outer = layer.class_name();
    if (theano && (outer == "Functional" || outer == "Sequential"))
        throw FileError(fmt::format("{}: a model within a model whose convolutions Theano flipped is not supported",
                                    group.where()));
    std::string type = outer;
    if (outer == "Bidirectional" || outer == "TimeDistributed") {
        const json config = layer.config();
        type = member_or_null(member_or_null(config, "layer"), "class_name").is_string()
                   ? config["layer"]["class_name"].get<std::string>()
                   : outer;
    }
    const bool recurrent = keras1 && (type == "LSTM" || type == "GRU");
    const std::size_t arrays = type == "LSTM" ? 12 : 9;
    if (!is_convolution(type) && !(recurrent && names.size() % arrays == 0)) return {};

    const NoGrad off_tape;
    Tensors saved;
    for (const std::string& name : names) saved.push_back(group.read(name));
    if (recurrent) {
        Tensors result;
        for (std::size_t begin = 0; begin < saved.size(); begin += arrays) {
            const Tensors some = joined_gates(saved, begin, type == "LSTM" ? lstm_gates : gru_gates);
            result.insert(result.end(), some.begin(), some.end());
        }
        return result;
    }
    if (keras1) saved[0] = keras1_kernel(type, saved[0], theano);
    if (theano)
        for (Tensor& weight : saved)
            if (weight.rank() >= 3) weight = flipped(weight);
    return saved;
}

}  // namespace weft::nn::saving
