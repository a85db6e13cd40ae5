// PyTorch's C++ front end: the same CNN and chain of scalars, without Python.
#include "../worker.hpp"

#include <torch/torch.h>

#include <cstdlib>
#include <memory>

namespace {

struct CnnImpl : torch::nn::Module {
    torch::nn::Conv2d conv{register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 32, 3)))};
    torch::nn::Linear hidden{register_module("hidden", torch::nn::Linear(13 * 13 * 32, 128))};
    torch::nn::Linear out{register_module("out", torch::nn::Linear(128, 10))};
    torch::nn::Dropout dropout{register_module("dropout", torch::nn::Dropout(0.2))};

    torch::Tensor forward(torch::Tensor x) {
        x = torch::max_pool2d(torch::relu(conv(x)), 2);
        return out(dropout(torch::relu(hidden(x.flatten(1)))));
    }
};
TORCH_MODULE(Cnn);

struct SequenceImpl : torch::nn::Module {
    torch::nn::LSTM lstm;
    torch::nn::Linear hidden, out{register_module("out", torch::nn::Linear(64, 10))};
    torch::nn::Dropout dropout{register_module("dropout", torch::nn::Dropout(0.2))};

    SequenceImpl(int64_t features, int64_t units)
        : lstm(register_module("lstm", torch::nn::LSTM(torch::nn::LSTMOptions(features, units).batch_first(true)))),
          hidden(register_module("hidden", torch::nn::Linear(units, 64))) {}

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor h = std::get<0>(lstm(x));
        return out(dropout(torch::relu(hidden(h)))).flatten(0, -2);
    }
};
TORCH_MODULE(Sequence);

template <class Model>
weft::bench::Step training(Model model, torch::Tensor x, torch::Tensor y) {
    auto optimizer = std::make_shared<torch::optim::Adam>(model->parameters(), torch::optim::AdamOptions(1e-3));
    return [=]() mutable {
        optimizer->zero_grad();
        torch::nn::functional::cross_entropy(model->forward(x), y).backward();
        optimizer->step();
    };
}

weft::bench::Row cnn(int64_t batch) {
    return [=] {
        const auto x = torch::rand({batch, 1, 28, 28}), y = torch::randint(10, {batch});
        return [=] { return training(Cnn(), x, y); };
    };
}

weft::bench::Row sequence(int64_t batch, int64_t steps, int64_t features, int64_t units) {
    return [=] {
        const auto x = torch::randn({batch, steps, features}), y = torch::randint(10, {batch * steps});
        return [=] { return training(Sequence(features, units), x, y); };
    };
}

weft::bench::Row tape() {
    return [] {
        return [] {
            const auto x = torch::full({}, 1.001f).requires_grad_(true), other = torch::full({}, 0.999f);
            return [=] {
                torch::Tensor y = x;
                for (int i = 0; i < 1000; ++i) y = y * other;
                y.backward();
                x.mutable_grad().reset();
            };
        };
    };
}

}  // namespace

int main(int argc, char** argv) {
    const char* threads = std::getenv("OMP_NUM_THREADS");
    torch::set_num_threads(threads ? std::atoi(threads) : 1);
    torch::globalContext().setFlushDenormal(true);
    torch::manual_seed(1);
    return weft::bench::serve(argc, argv, {{"cnn_32", cnn(32)},
                                           {"cnn_256", cnn(256)},
                                           {"lstm_64", sequence(32, 50, 10, 64)},
                                           {"lstm_512", sequence(64, 100, 512, 512)},
                                           {"tape", tape()},
                                           {"first_batch", cnn(32)}});
}
