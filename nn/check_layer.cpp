#include <weft/autograd/gradcheck.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/check_layer.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/sequential.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace weft::nn {
namespace {

constexpr double rows_tolerance = 1e-12;  // design: the same row in another batch, in float64

[[noreturn]] void fail(const Layer& layer, const std::string& what) {
    throw Error(fmt::format("check_layer: {}: {}", layer->label(), what));
}

bool same(const Tensors& a, const Tensors& b, double tolerance) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].shape() != b[i].shape()) return false;
        if (a[i].elements() > 0 &&
            !(max(abs(a[i] - b[i])).item<double>() <= tolerance * std::max(1.0, max(abs(b[i])).item<double>())))
            return false;
    }
    return true;
}

Tensors rows(const Tensors& x, std::int64_t begin, std::int64_t end) {
    Tensors part;
    for (const Tensor& tensor : x) part.push_back(slice(tensor, 0, begin, end));
    return part;
}

Shapes open_shapes(const Tensors& x) {
    Shapes shapes;
    for (const Tensor& tensor : x) {
        shapes.push_back(tensor.shape());
        shapes.back()[0] = None;
    }
    return shapes;
}

Tensors infer(Module& layer, const Tensors& x) {
    const NoGrad off_tape;
    const ModeScope inference(false);
    return layer(x);
}

// The caller's weights and type come back whatever happens.
class Borrowed {
public:
    explicit Borrowed(const Layer& layer) : layer_(layer), dtype_(layer->state()->dtype) {
        for (const NamedTensor& weight : layer->named_weights())
            values_.push_back(weight.tensor.detach().data().copy());
        layer->to(float64);
    }
    ~Borrowed() {
        const NoGrad off_tape;
        layer_->to(dtype_);
        const auto weights = layer_->named_weights();
        for (std::size_t i = 0; i < values_.size(); ++i) Tensor(weights[i].tensor).assign(Tensor(values_[i]));
    }

private:
    Layer layer_;
    DType dtype_;
    std::vector<Array> values_;
};

void check_shapes(const Layer& layer, const Tensors& x) {
    const Shapes open = open_shapes(x), promised = layer->output_shapes(open);
    for (std::int64_t n : {std::int64_t{1}, std::int64_t{2}, x[0].shape(0)}) {
        const Tensors given = infer(*layer, rows(x, 0, n));
        if (given.size() != promised.size())
            fail(layer,
                 fmt::format("output_shapes() promises {} results; there are {}", promised.size(), given.size()));
        for (std::size_t k = 0; k < given.size(); ++k) {
            const Shape& shape = given[k].shape();
            bool fits = shape.rank() == promised[k].rank();
            for (int i = 0; fits && i < shape.rank(); ++i) fits = promised[k][i] == None || promised[k][i] == shape[i];
            if (!fits)
                fail(layer, fmt::format("output_shape({}) promises {}, but a batch of {} gives {}", str(open[0]),
                                        str(promised[k]), n, str(shape)));
        }
    }
}

void check_gradients(const Layer& layer, const Tensors& x, bool training, const CheckLayerOptions& options) {
    Tensors inputs = x;
    for (const Tensor& parameter : layer->parameters()) inputs.push_back(parameter.detach());
    const auto own = static_cast<std::ptrdiff_t>(x.size());
    const TensorFunction run = [&](const Tensors& t) {
        Generator same_draws(1);
        const GeneratorScope scope(same_draws);
        const ModeScope mode(training);
        Tensors results;
        with_parameters(*layer, {t.begin() + own, t.end()}, [&] {
            results = (*layer)(Tensors(t.begin(), t.begin() + own));
            return results[0];
        });
        return results;
    };
    if (inputs.size() == x.size() &&
        std::none_of(x.begin(), x.end(), [](const Tensor& t) { return t.dtype() == float64; }))
        return;  // nothing to differentiate
    const GradcheckReport report = gradcheck(run, inputs, {.order = options.order, .tolerance = options.tolerance});
    if (!report.passed)
        fail(layer, fmt::format("its derivatives in {} disagree with central differences (inputs from 0 are the "
                                "layer's, those from {} its weights)\n{}",
                                training ? "training" : "inference", own, report.table));
}

void check_inference(const Layer& layer, const Tensors& x, const CheckLayerOptions& options) {
    std::vector<std::uint32_t> versions;
    for (const NamedTensor& weight : layer->named_weights()) versions.push_back(weight.tensor.data().version());
    const Tensors whole = infer(*layer, x);
    if (!same(infer(*layer, x), whole, 0)) fail(layer, "two inferences with the same input differ");
    if (options.batch_independent)
        for (std::int64_t i = 0; i < x[0].shape(0); ++i)
            if (!same(infer(*layer, rows(x, i, i + 1)), rows(whole, i, i + 1), rows_tolerance))
                fail(layer,
                     fmt::format("row {} alone gives another result than within a batch of {}", i, x[0].shape(0)));
    std::size_t at = 0;
    for (const NamedTensor& weight : layer->named_weights())
        if (weight.tensor.data().version() != versions[at++])
            fail(layer, fmt::format("inference wrote to '{}'", weight.name));
}

// A model of the layer alone.
Model model_around(const Layer& layer, const Tensors& x) {
    if (x.size() == 1 && layer->output_shapes(open_shapes(x)).size() == 1) {
        const Shape own_input = layer->state()->input_shape;
        Shape sample = x[0].shape();
        sample.erase(0);
        layer->state()->input_shape = sample;
        Sequential model;
        model.to(float64);
        model.add(layer);
        layer->state()->input_shape = own_input;
        return model;
    }
    std::vector<Symbol> inputs;
    for (const Tensor& tensor : x) {
        Shape sample = tensor.shape();
        sample.erase(0);
        inputs.push_back(Input(sample, {.dtype = tensor.dtype() == int64 ? int64 : float32}));
    }
    Model model(inputs, layer(Symbol(inputs)));
    model.to(float64);
    return model;
}

void check_saving(const Layer& layer, const Tensors& x) {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("weft-check-layer-{}.h5", ::getpid())).string();
    const struct Remove {
        std::string path;
        ~Remove() { std::filesystem::remove(path); }
    } remove{path};
    const struct Rename {
        State& state;
        std::string name;
        bool named_by_user;
        ~Rename() { state.name = name, state.named_by_user = named_by_user; }
    } rename{*layer->state(), layer->name(), layer->state()->named_by_user};
    Model model = model_around(layer, x);

    const Tensors before = infer(model, x);
    const auto known = registered_layers();
    const bool registered = std::find(known.begin(), known.end(), layer->class_name()) != known.end();
    if (registered && model.graph().is_chain()) {
        model.save(path);
        Model loaded = load_model(path);
        if (!same(infer(loaded, x), before, rows_tolerance))
            fail(layer, "a model saved with it and loaded gives another result");
    } else {
        model.save_weights(path);
    }
    const NoGrad off_tape;
    for (const NamedTensor& weight : model.named_weights())
        Tensor(weight.tensor).assign(weight.tensor.detach() * 0 + 7);
    model.load_weights(path);
    if (!same(infer(model, x), before, rows_tolerance))
        fail(layer, "saving and loading its weights gives another result");
}

}  // namespace

void check_layer(const Layer& layer, const Shape& input_shape, const CheckLayerOptions& options) {
    Generator draws(20260215);
    const auto sample = [&](const Shape& shape) {
        Shape batch = shape;
        batch.insert(0, 3);
        return random::normal(batch, 0, 1, float64, draws);
    };
    Tensors x{options.input.defined() ? options.input : sample(input_shape)};
    for (const Shape& shape : options.other_inputs) x.push_back(sample(shape));
    layer->build_for(open_shapes(x));
    {
        const Borrowed borrowed(layer);
        infer(*layer, x);  // a class of one's own may build its parts here
        check_shapes(layer, x);
        check_inference(layer, x, options);
        for (bool training : {true, false}) check_gradients(layer, x, training, options);
        if (options.saving) check_saving(layer, x);
    }
}

}  // namespace weft::nn
