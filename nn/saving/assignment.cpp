#include <weft/autograd/mode.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/nn/saving/assignment.hpp>

#include <fmt/core.h>

namespace weft::nn::saving {

void check(const Assignment& assignment) {
    const Shape shape = assignment.value.defined() ? assignment.value.shape() : assignment.group.dataset(assignment.dataset).shape();
    if (shape != assignment.weight.shape())
        throw FileError(fmt::format("{}/{}: its shape is {}; the model's weight is {}", assignment.group.where(), assignment.dataset,
                                    str(shape), describe(assignment.weight)));
}

void assign(const std::vector<Assignment>& assignments, Overwrite overwrite) {
    const NoGrad off_tape;
    for (const Assignment& assignment : assignments) check(assignment);
    Tensors values;
    for (const Assignment& assignment : assignments) {
        if (overwrite == Overwrite::at_once && !assignment.value.defined()) {
            assignment.group.dataset(assignment.dataset).read_into(assignment.weight);
            continue;
        }
        Tensor value = assignment.value.defined() ? assignment.value.to(assignment.weight.dtype())
                                                  : Tensor(Array(assignment.weight.shape(), assignment.weight.dtype()));
        if (!assignment.value.defined()) assignment.group.dataset(assignment.dataset).read_into(value);
        if (overwrite == Overwrite::at_once) Tensor(assignment.weight).assign(value);
        else values.push_back(std::move(value));
    }
    for (std::size_t i = 0; i < values.size(); ++i) Tensor(assignments[i].weight).assign(values[i]);
}

}  // namespace weft::nn::saving
