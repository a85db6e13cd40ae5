#include <weft/autograd/mode.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/nn/saving/assignment.hpp>

#include <fmt/core.h>

namespace weft::nn::saving {

void check(const Assignment& assignment) {
    const Shape shape =
        assignment.value.defined() ? assignment.value.shape() : assignment.group.dataset(assignment.dataset).shape();
    if (shape != assignment.weight.shape())
        throw FileError(fmt::format("{}/{}: its shape is {}; the model's weight is {}", assignment.group.where(),
                                    assignment.dataset, str(shape), describe(assignment.weight)));
}

void assign(const std::vector<Assignment>& assignments, Overwrite overwrite) {
    const NoGrad off_tape;
    for (const Assignment& assignment : assignments) check(assignment);
    if (overwrite == Overwrite::when_all_was_read)
        for (const Assignment& assignment : assignments)
            if (!assignment.value.defined())
                assignment.group.dataset(assignment.dataset).try_read_into(assignment.weight);
    std::size_t done = 0;
    try {
        for (const auto& [weight, group, dataset, value] : assignments) {
            if (value.defined()) Tensor(weight).assign(value.to(weight.dtype()));
            else group.dataset(dataset).read_into(weight);
            ++done;
        }
    } catch (const Error& error) {
        if (overwrite == Overwrite::at_once) throw;
        throw FileError(fmt::format(
            "{}. It could be read a moment ago: did the file change, or the disk fail? {} of {} weights have been "
            "replaced by the file's; load them anew before the model is used.",
            error.what(), done, assignments.size()));
    }
}

}  // namespace weft::nn::saving
