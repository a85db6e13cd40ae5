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

bool same(const Tensor& a, const Tensor& b, double tolerance) {
    if (a.shape() != b.shape()) return false;
    if (a.elements() == 0) return true;
    return max(abs(a - b)).item<double>() <= tolerance * std::max(1.0, max(abs(b)).item<double>());
}

Tensor infer(const Layer& layer, const Tensor& x) {
    const NoGrad off_tape;
    const ModeScope inference(false);
    return (*layer)(x);
}

// The caller's weights and type come back whatever happens.
class Borrowed {
public:
    explicit Borrowed(const Layer& layer) : layer_(layer), dtype_(layer->state()->dtype) {
        for (const NamedTensor& weight : layer->named_weights()) values_.push_back(weight.tensor.detach().data().copy());
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

void check_shapes(const Layer& layer, const Tensor& x) {
    Shape open = x.shape();
    open[0] = None;
    const Shape promised = layer->output_shape(open);
    for (std::int64_t n : {std::int64_t{1}, std::int64_t{2}, x.shape(0)}) {
        const Shape given = infer(layer, slice(x, 0, 0, n)).shape();
        bool fits = given.rank() == promised.rank();
        for (int i = 0; fits && i < given.rank(); ++i) fits = promised[i] == None || promised[i] == given[i];
        if (!fits) fail(layer, fmt::format("output_shape({}) promises {}, but a batch of {} gives {}", str(open), str(promised), n, str(given)));
    }
}

void check_gradients(const Layer& layer, const Tensor& x, bool training, const CheckLayerOptions& options) {
    Tensors inputs{x};
    for (const Tensor& parameter : layer->parameters()) inputs.push_back(parameter.detach());
    const TensorFunction run = [&](const Tensors& t) {
        Generator same_draws(1);
        const GeneratorScope scope(same_draws);
        const ModeScope mode(training);
        return Tensors{with_parameters(*layer, {t.begin() + 1, t.end()}, [&] { return (*layer)(t[0]); })};
    };
    if (x.dtype() != float64 && inputs.size() == 1) return;  // nothing to differentiate
    const GradcheckReport report = gradcheck(run, inputs, {.order = options.order, .tolerance = options.tolerance});
    if (!report.passed)
        fail(layer, fmt::format("its derivatives in {} disagree with central differences (input 0 is the layer's, the others its weights)\n{}", training ? "training" : "inference", report.table));
}

void check_inference(const Layer& layer, const Tensor& x, const CheckLayerOptions& options) {
    std::vector<std::uint32_t> versions;
    for (const NamedTensor& weight : layer->named_weights()) versions.push_back(weight.tensor.data().version());
    const Tensor whole = infer(layer, x);
    if (!same(infer(layer, x), whole, 0)) fail(layer, "two inferences with the same input differ");
    if (options.batch_independent)
        for (std::int64_t i = 0; i < x.shape(0); ++i)
            if (!same(infer(layer, slice(x, 0, i, i + 1)), slice(whole, 0, i, i + 1), rows_tolerance))
                fail(layer, fmt::format("row {} alone gives another result than within a batch of {}", i, x.shape(0)));
    std::size_t at = 0;
    for (const NamedTensor& weight : layer->named_weights())
        if (weight.tensor.data().version() != versions[at++]) fail(layer, fmt::format("inference wrote to '{}'", weight.name));
}

void check_saving(const Layer& layer, const Tensor& x) {
    const std::string path = (std::filesystem::temp_directory_path() / fmt::format("weft-check-layer-{}.h5", ::getpid())).string();
    const struct Remove {
        std::string path;
        ~Remove() { std::filesystem::remove(path); }
    } remove{path};
    const std::string name = layer->name();
    const struct Rename {
        const Layer& layer;
        std::string name;
        ~Rename() { layer->set_name(name); }
    } rename{layer, name};
    const Shape own_input = layer->state()->input_shape;
    Shape sample = x.shape();
    sample.erase(0);
    layer->state()->input_shape = sample;
    Sequential model;
    model.to(float64);
    model.add(layer);
    layer->state()->input_shape = own_input;

    const Tensor before = model.predict(x);
    const auto known = registered_layers();
    const bool registered = std::find(known.begin(), known.end(), layer->class_name()) != known.end();
    if (registered) {
        model.save(path);
        Model loaded = load_model(path);
        if (!same(loaded.predict(x), before, rows_tolerance)) fail(layer, "a model saved with it and loaded gives another result");
    } else {
        model.save_weights(path);
    }
    const NoGrad off_tape;
    for (const NamedTensor& weight : model.named_weights()) Tensor(weight.tensor).assign(weight.tensor.detach() * 0 + 7);
    model.load_weights(path);
    if (!same(model.predict(x), before, rows_tolerance)) fail(layer, "saving and loading its weights gives another result");
}

}  // namespace

void check_layer(const Layer& layer, const Shape& input_shape, const CheckLayerOptions& options) {
    Shape batch = input_shape;
    batch.insert(0, 3);
    Generator draws(20260215);
    const Tensor x = options.input.defined() ? options.input : random::normal(batch, 0, 1, float64, draws);
    Shape open = x.shape();
    open[0] = None;
    layer->build_for(open);
    {
        const Borrowed borrowed(layer);
        infer(layer, x);  // a class of one's own may build its parts here
        check_shapes(layer, x);
        check_inference(layer, x, options);
        for (bool training : {true, false}) check_gradients(layer, x, training, options);
        if (options.saving) check_saving(layer, x);
    }
}

}  // namespace weft::nn
