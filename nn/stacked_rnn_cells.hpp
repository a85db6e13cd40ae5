// Several cells as one.
#pragma once

#include <weft/nn/layer.hpp>
#include <weft/nn/recurrent_cell.hpp>

#include <vector>

namespace weft::nn {

/// Each cell's output is the next one's input; the states stand one cell's after another's. For nn::RNN:
/// nn::RNN(nn::StackedRNNCells({nn::LSTMCell(64), nn::GRUCell(32)})). Children: in cells, each by its class, as
/// lstm_cell, gru_cell, gru_cell_1.
class StackedRNNCells : public RecurrentCell {
public:
    /// Throws ValueError for none, or a layer that is no cell.
    explicit StackedRNNCells(const std::vector<Layer>& cells);
    std::vector<std::int64_t> state_size() const override;
    std::int64_t output_size() const override { return cell(cells_.size() - 1).output_size(); }
    void build(const Shape& input) override;
    Tensors call(const Tensors& inputs) override;
    Tensors sequence(const Tensor& x, const Tensors& states, const Tensor& mask) override;
    std::string class_name() const override { return "StackedRNNCells"; }
    nlohmann::json config() const override;

private:
    RecurrentCell& cell(std::size_t i) const { return *cells_[i].as<RecurrentCell>(); }

    std::vector<Layer> cells_;
};

}  // namespace weft::nn
