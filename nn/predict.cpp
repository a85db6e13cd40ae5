#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/progress.hpp>
#include <weft/nn/training.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace weft::nn {
namespace {

// The results of one output, batch after batch, in one array.
class Joined {
public:
    void add(const Tensor& part, std::int64_t begin, std::int64_t end, std::int64_t total, const Model& model) {
        if (part.rank() == 0 || part.shape(0) != end - begin)
            throw ShapeError(fmt::format("predict: {} must give one result for each sample; it gave {} for {}",
                                         model.label(), describe(part), end - begin));
        if (begin == 0) {
            Shape shape = part.shape();
            shape[0] = total;
            whole_ = Array(shape, part.dtype());
            row_ = whole_.bytes() / static_cast<std::size_t>(total);
        }
        if (part.data().bytes() != row_ * static_cast<std::size_t>(end - begin))
            throw ShapeError(fmt::format("predict: every batch must give results of one shape; {} gave {} after {}",
                                         model.label(), describe(part), str(whole_.shape())));
        std::memcpy(whole_.data<std::byte>() + static_cast<std::size_t>(begin) * row_, part.data().data<std::byte>(),
                    part.data().bytes());
    }
    Tensor result() && { return Tensor(std::move(whole_)); }

private:
    Array whole_;
    std::size_t row_ = 0;
};

}  // namespace

Tensors Model::predict_all(const Feed& feed, const PredictOptions& options) {
    const Tensors x = inputs_from(feed, "predict");
    if (options.batch_size < 1)
        throw ValueError(fmt::format("predict: batch_size must be positive; received {}", options.batch_size));
    const NoGrad off_tape;
    const ModeScope inference(false);
    const std::int64_t n = x[0].shape(0);
    Tensors results;
    if (n == 0) {
        Shapes shapes;
        for (const Tensor& input : x) {
            shapes.push_back(input.shape());
            shapes.back()[0] = None;
        }
        build_for(shapes);
        for (Shape shape : output_shapes(shapes)) {
            shape[0] = 0;
            results.emplace_back(zeros_array(shape, state()->dtype));
        }
        return results;
    }
    Progress progress(options.verbose, (n + options.batch_size - 1) / options.batch_size);
    std::vector<Joined> joined;
    std::int64_t done = 0;
    for (std::int64_t begin = 0; begin < n; begin += options.batch_size) {
        const std::int64_t end = std::min(n, begin + options.batch_size);
        Tensors batch;
        for (const Tensor& input : x) batch.push_back(slice(input, 0, begin, end));
        const Tensors parts = (*this)(as_inputs(*this, batch));
        if (begin == 0) joined.resize(parts.size());
        for (std::size_t i = 0; i < joined.size(); ++i) joined[i].add(parts.at(i), begin, end, n, *this);
        progress.step(++done, [] { return Logs(); });
    }
    progress.finish(done, {});
    for (Joined& output : joined) results.push_back(std::move(output).result());
    return results;
}

Tensor Model::predict(const Feed& x, const PredictOptions& options) {
    const std::size_t outputs = graph_->nodes.empty() ? 1 : graph_->outputs.size();
    Tensors results = outputs == 1 ? predict_all(x, options) : Tensors();
    if (results.size() != 1)
        throw ValueError(fmt::format("predict: {} has {} outputs; predict_all() gives all of them", label(),
                                     std::max(outputs, results.size())));
    return results[0];
}

}  // namespace weft::nn
